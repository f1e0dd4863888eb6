// putlogs dead-letter replay: sends dead letters again, after the cause was fixed.

import { replayDeadLetters } from '@putlogs/core/tools';
import { BAD, type Command, GOOD, systemProblem } from './command';
import { deadLetterFile, everyDeadLetter, noFileNotice } from './dead-letters';
import { REPLAY_FLAGS, startReplay, wholeOptions, whyEnded } from './replay-common';
import { counted, grouped, shownSeconds } from './table';

export const deadLetterReplay: Command = {
  name: 'dead-letter replay',
  summary: 'Sends rejected records again, after the cause was fixed.',
  about: `Sends the records of a dead-letter file and of the older <file>.1 again, if they are for the destination of the
options. Delivered records are removed from the files. Records that are rejected again stay, and so do lines for
other destinations and unreadable lines. Equal lines of one record, which a crash can cause, are sent once.
During a replay the lines are in <file>.replaying and <file>.1.replaying; transports can continue to write to <file>.
If a replay is killed, the next one starts again: records may then arrive twice, but none is lost.
Only one replay of a file can run. A second one ends at once and names the process of the first.
If the service rejects everything, the replay stops after 32 records.

With --json it prints one document:
  { end: "done"|"out of patience"|"aborted", delivered, refused, left, elsewhere, unreadable, equal, seconds }
equal counts lines that were removed because they repeat another line.

Exit code 0: every record for this destination was delivered. 1: some were not.
Exit code 2 also means that another replay is using the file.`,
  flags: REPLAY_FLAGS,
  options: [''],
  async run(call) {
    const file = deadLetterFile(call);
    const options = wholeOptions(call);
    let total = 0;
    for (const { letter } of everyDeadLetter(call)) total += letter === undefined ? 0 : 1;
    const replay = startReplay(call, options, total);
    const { end, stats, left, elsewhere, unreadable, equal } = await replayDeadLetters(replay.parts, file).catch(
      (error) => {
        throw systemProblem(call, 'deadLetter.file', error, 'replayed');
      },
    );
    replay.progress.end();
    const seconds = replay.progress.elapsedMs / 1000;
    const { delivered } = stats;
    const refused = stats.dropped.rejected;
    if (call.isJson) {
      await call.print(`${JSON.stringify({ end, delivered, refused, left, elsewhere, unreadable, equal, seconds })}\n`);
    } else {
      const rate = `${grouped(Math.round(delivered / seconds))}/s`;
      await call.print(`${counted(delivered, 'record')} delivered in ${shownSeconds(seconds * 1000)} (${rate})\n`);
      const others: [number, string][] = [
        [refused, 'rejected again'],
        [left, 'not sent'],
        [elsewhere, 'for other destinations'],
        [unreadable, 'unreadable lines'],
      ];
      for (const [count, what] of others)
        if (count > 0) await call.print(`  ${grouped(count)} ${what}: still in the file\n`);
      if (equal > 0) await call.print(`  ${counted(equal, 'line')} removed: equal to another line\n`);
    }
    const notice = total === 0 ? noFileNotice(call) : undefined;
    if (notice !== undefined) call.report(notice);
    if (end !== 'done') call.report(whyEnded(end));
    return end === 'done' && refused + left === 0 ? GOOD : BAD;
  },
};
