// putlogs spool replay: delivers the records that dead or ended processes left in a spool.

import { destinationOf, replaySpool } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { REPLAY_FLAGS, startReplay, wholeOptions, whyEnded } from './replay-common';
import { survey } from './spool';
import { counted, grouped, shownSeconds } from './table';

export const spoolReplay: Command = {
  name: 'spool replay',
  summary: 'Delivers the records that ended processes left on disk.',
  about: `Delivers the records of a spool whose process has ended, if they are for the destination of the options. Records are
sent in order, with their own hash keys and pack ids. A segment is removed when all its records are finished.
Directories of running processes and directories for other destinations are not touched. Records that are not
delivered stay in place. Damaged segments are set aside. Records that the service rejects go to --dead-letter-file;
without that option they are dropped, as in a transport.

With --json it prints one document:
  { end: "done"|"out of patience"|"aborted", found, missed, delivered, rejected, damaged, left, alive, elsewhere,
    seconds }
All figures except seconds count records. missed: another process has them, or the directory is not writable.
alive: of running processes. elsewhere: for other destinations.

Exit code 0: all records were delivered. 1: some were not.`,
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
    const replay = startReplay(call, options, expected);
    const { end, stats } = await replaySpool(replay.parts);
    replay.progress.end();
    const { delivered, recovered: found, spooled, pending, dropped } = stats;
    const { rejected, damaged } = dropped;
    const left = spooled + pending;
    const missed = Math.max(0, expected - found);
    const seconds = replay.progress.elapsedMs / 1000;
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
            ? 'rejected by the service and dropped'
            : 'rejected by the service, now in the dead-letter file',
        ],
        [damaged, 'lost in damaged segments, which were set aside'],
        [left, 'not delivered'],
        [
          missed,
          'could not be adopted: another process has them or may have them, or spool.dir (--spool-dir) is not writable',
        ],
        [alive, 'of running processes, not touched'],
        [elsewhere, 'for other destinations, not touched'],
      ];
      for (const [count, what] of others) if (count > 0) await call.print(`  ${grouped(count)} ${what}\n`);
    }
    if (end !== 'done') call.report(whyEnded(end));
    return end === 'done' && rejected + damaged + left + missed === 0 ? GOOD : BAD;
  },
};
