// putlogs spool replay: delivers what dead processes have left, as the next process would.

import { replaySpool } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { REPLAY_FLAGS, replayingOf, wholeOptions, whyEnded } from './replaying';
import { survey } from './spool';
import { configuredDestination } from './spool-ls';
import { counted, grouped, shownSeconds } from './table';

export const spoolReplay: Command = {
  name: 'spool replay',
  summary: 'Delivers what dead processes have left on disk.',
  about: `Delivers the batches of a spool that are for the destination of the options and whose process is dead, in order,
under their own hash keys and pack ids, and removes each file when the service has acknowledged it. It takes them
over as the next process would: what a living process has, what is for another destination and what is not
delivered stays where it is. Damaged files are set aside. Records that the service refuses go to
--dead-letter-file; without one they are lost, as in a transport.

With --json one document:
  { end: "done"|"out of patience"|"aborted", found, missed, delivered, rejected, damaged, left, alive, elsewhere,
    seconds }
All are records: missed could not be taken over, alive are of living processes, elsewhere for other destinations.

Exit code 0: all that there was to deliver was delivered. 1: some of it was not.`,
  flags: REPLAY_FLAGS,
  options: [''],
  async run(call) {
    const options = wholeOptions(call);
    const { parts } = survey(call);
    const own = configuredDestination(call.explained);
    const recordsOf = (isMeant: (part: (typeof parts)[number]) => boolean) =>
      parts
        .filter(isMeant)
        .flatMap(({ files }) => files)
        .reduce((sum, { count }) => sum + count, 0);
    const elsewhere = recordsOf(({ destination }) => destination !== own);
    const alive = recordsOf(({ destination, isOwned }) => destination === own && isOwned);
    const expected = recordsOf(({ destination, isOwned }) => destination === own && !isOwned);
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
        [damaged, 'in damaged files, which were set aside'],
        [left, 'left'],
        [missed, 'could not be taken over: another process has them, or spool.dir (--spool-dir) cannot be written to'],
        [alive, 'of living processes, not touched'],
        [elsewhere, 'for other destinations, not touched'],
      ];
      for (const [count, what] of others) if (count > 0) await call.print(`  ${grouped(count)} ${what}\n`);
    }
    if (end !== 'done') call.tell(whyEnded(end));
    return end === 'done' && rejected + damaged + left + missed === 0 ? GOOD : BAD;
  },
};
