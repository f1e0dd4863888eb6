// putlogs dead-letter replay: sends what was refused again, after its cause was mended.

import { replayDeadLetters } from '@putlogs/core/tools';
import { BAD, type Command, GOOD, systemProblem } from './command';
import { deadLetterFile, everyDeadLetter } from './dead-letters';
import { REPLAY_FLAGS, replayingOf, wholeOptions, whyEnded } from './replaying';
import { counted, grouped, shownSeconds } from './table';

export const deadLetterReplay: Command = {
  name: 'dead-letter replay',
  summary: 'Sends what was refused again, after the cause was mended.',
  about: `Sends the records of a dead-letter file, and of the older <file>.1, again that are for the destination of the
options. Those delivered are removed from the files, those refused again stay, as do lines for other destinations
and lines that cannot be read. Equal lines of one record, which a crash has made twice, are sent once.
While it works, the lines are in <file>.replaying and <file>.1.replaying; transports may go on writing to <file>.
If it is killed, the next replay begins anew: records may then arrive twice, and none is lost.
Only one replay of a file runs at a time. A second one ends at once and names the process of the first.
A service that refuses everything is asked no more after 32 records.

With --json one document:
  { end: "done"|"out of patience"|"aborted", delivered, refused, left, elsewhere, unreadable, equal, seconds }
equal are lines that were removed because they repeat another one.

Exit code 0: every record for this destination was delivered. 1: some were not.
Exit code 2 as well: another replay has the file.`,
  flags: REPLAY_FLAGS,
  options: [''],
  async run(call) {
    const file = deadLetterFile(call);
    const options = wholeOptions(call);
    let total = 0;
    for (const { letter } of everyDeadLetter(call)) total += letter === undefined ? 0 : 1;
    const replaying = replayingOf(call, options, total);
    const { end, stats, left, elsewhere, unreadable, equal } = await replayDeadLetters(replaying.parts, file).catch(
      (error) => {
        throw systemProblem(call, 'deadLetter.file', error, 'replayed');
      },
    );
    replaying.progress.end();
    const seconds = replaying.progress.elapsedMs / 1000;
    const { delivered } = stats;
    const refused = stats.dropped.rejected;
    if (call.isJson) {
      await call.print(`${JSON.stringify({ end, delivered, refused, left, elsewhere, unreadable, equal, seconds })}\n`);
    } else {
      const rate = `${grouped(Math.round(delivered / seconds))}/s`;
      await call.print(`${counted(delivered, 'record')} delivered in ${shownSeconds(seconds * 1000)} (${rate})\n`);
      const others: [number, string][] = [
        [refused, 'refused again'],
        [left, 'left, not sent'],
        [elsewhere, 'for other destinations'],
        [unreadable, 'lines that cannot be read'],
      ];
      for (const [count, what] of others)
        if (count > 0) await call.print(`  ${grouped(count)} ${what}: still in the file\n`);
      if (equal > 0) await call.print(`  ${counted(equal, 'line')} removed: equal to another one\n`);
    }
    if (end !== 'done') call.tell(whyEnded(end));
    return end === 'done' && refused + left === 0 ? GOOD : BAD;
  },
};
