// putlogs dead-letter ls: what the service refused, by why. One line of the file is in memory at a time.

import { type Command, GOOD } from './command';
import { everyDeadLetter } from './dead-letters';
import { counted, grouped, shownBytes, table } from './table';

interface Reason {
  readonly code: string;
  /** The last one that was given. */
  message: string;
  readonly target: Readonly<Record<string, string>>;
  records: number;
  bytes: number;
  first: string;
  last: string;
}

export const deadLetterLs: Command = {
  name: 'dead-letter ls',
  summary: 'What the service refused for good, by why.',
  about: `Counts the records of a dead-letter file, and of the older <file>.1, by the code that the service refused them
with and by where they were to go, with the first and the last time and the bytes of the lines.

With --json one document:
  { records, bytes, unreadable, reasons: [{ code, message, target, records, bytes, first, last }] }
unreadable are lines that are none of putlogs, or were cut by a crash.

Exit code 0: the file could be read.`,
  flags: {},
  options: ['deadLetter.file'],
  async run(call) {
    const reasons = new Map<string, Reason>();
    let [records, bytes, unreadable] = [0, 0, 0];
    for (const { text, letter } of everyDeadLetter(call)) {
      bytes += text.length + 1;
      if (letter === undefined) {
        unreadable += 1;
        continue;
      }
      records += 1;
      const { reason, target, time } = letter;
      const key = JSON.stringify([reason.code, target]);
      const { code, message } = reason;
      const counts = reasons.get(key) ?? { code, message, target, records: 0, bytes: 0, first: time, last: time };
      reasons.set(key, counts);
      counts.message = message;
      counts.records += 1;
      counts.bytes += text.length + 1;
      if (time < counts.first) counts.first = time;
      if (time > counts.last) counts.last = time;
    }
    const listed = [...reasons.values()].sort((a, b) => b.records - a.records);
    if (call.isJson) {
      await call.print(`${JSON.stringify({ records, bytes, unreadable, reasons: listed })}\n`);
      return GOOD;
    }
    await call.print(`${counted(records, 'record')}, ${shownBytes(bytes)}\n`);
    if (unreadable > 0) await call.print(`${counted(unreadable, 'line')} that cannot be read\n`);
    if (listed.length === 0) return GOOD;
    const rows = listed.map(({ code, message, target, ...counts }) => [
      grouped(counts.records),
      code,
      counts.first,
      counts.last,
      shownBytes(counts.bytes),
      Object.values(target).join(' '),
      message,
    ]);
    await call.print(`\n${table([['RECORDS', 'CODE', 'FIRST', 'LAST', 'BYTES', 'TARGET', 'LAST MESSAGE'], ...rows])}`);
    return GOOD;
  },
};
