// putlogs spool replay: delivers what processes have left that are dead or have ended, as the next process would.

import { destinationOf, replaySpool } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { REPLAY_FLAGS, replayingOf, wholeOptions, whyEnded } from './replaying';
import { survey } from './spool';
import { counted, grouped, shownSeconds } from './table';

export const spoolReplay: Command = {
  name: 'spool replay',
  summary: 'Delivers what processes that have ended left on disk.',
  about: `Delivers the records of a spool that are for the destination of the options and whose process has ended, in order,
under their own hash keys and pack ids, and removes each segment when all of it is finished. It takes directories over
as the next process would: those of a living process, those for another destination, and all that is not delivered
stay where they are. Damaged segments are set aside. Records that the service refuses go to --dead-letter-file;
without one they are lost, as in a transport.

With --json one document:
  { end: "done"|"out of patience"|"aborted", found, missed, delivered, rejected, damaged, left, alive, elsewhere,
    seconds }
All are records: missed could not be taken over, alive are of living processes, elsewhere for other destinations.

Exit code 0: all that there was to deliver was delivered. 1: some of it was not.`,
  flags: REPLAY_FLAGS,
  options: [''],
  async run(call) {
    const options = wholeOptions(call);
    const spool = survey(call);
    const owners = await spool.owners();
    const configured = destinationOf(options);
    let [elsewhere, alive, expected] = [0, 0, 0];
    for (const part of spool.parts()) {
      if (!configured.isFor(part)) elsewhere += part.unfinished;
      else if (owners.stateOf(part.name.owner) === 'alive') alive += part.unfinished;
      else expected += part.unfinished;
    }
    const replaying = replayingOf(call, options, expected);
    const { end, stats } = await replaySpool(replaying.parts);
    replaying.progress.end();
    const { delivered, recovered: found, spooled, pending, dropped } = stats;
    const { rejected, damaged } = dropped;
    const left = spooled + pending;
    const missed = Math.max(0, expected - found);
    const seconds = replaying.progress.elapsedMs / 1000;
    if (call.isJson) {
      const result = { end, found, missed, delivered, rejected, damaged, left, seconds, alive, elsewhere };
      await call.print(`${JSON.stringify(result)}\n`);
    } else {
      const rate = `${grouped(Math.round(delivered / seconds))}/s`;
      await call.print(
        `${counted(found, 'record')} found, ${grouped(delivered)} delivered in ${shownSeconds(seconds * 1000)} (${rate})\n`,
      );
      const others: [number, string][] = [
        [
          rejected,
          options.deadLetter.file === undefined
            ? 'refused by the service, and lost'
            : 'refused by the service, in the dead-letter file',
        ],
        [damaged, 'lost in damaged segments, which were set aside'],
        [left, 'left'],
        [
          missed,
          'could not be taken over: another process has them or may have them, or spool.dir (--spool-dir) cannot be written to',
        ],
        [alive, 'of living processes, not touched'],
        [elsewhere, 'for other destinations, not touched'],
      ];
      for (const [count, what] of others) if (count > 0) await call.print(`  ${grouped(count)} ${what}\n`);
    }
    if (end !== 'done') call.tell(whyEnded(end));
    return end === 'done' && rejected + damaged + left + missed === 0 ? GOOD : BAD;
  },
};
