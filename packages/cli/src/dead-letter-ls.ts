// putlogs dead-letter ls: counts dead letters by reason. One line of the file is in memory at a time.

import { type Command, GOOD } from './command';
import { everyDeadLetter, noFileNotice } from './dead-letters';
import { counted, grouped, shownBytes, table } from './table';

interface Reason {
  readonly code: string;
  /** The message of the last record. */
  message: string;
  readonly target: Readonly<Record<string, string>>;
  records: number;
  bytes: number;
  first: string;
  last: string;
}

export const deadLetterLs: Command = {
  name: 'dead-letter ls',
  summary: 'Counts the records that the service rejected, by reason.',
  about: `Counts the records of a dead-letter file and of the older <file>.1, by error code and destination. Shows the first
and the last time, the bytes of the lines, and the last message of the service.

With --json it prints one document:
  { records, bytes, unreadable, reasons: [{ code, message, target, records, bytes, first, last }] }
unreadable counts lines that putlogs did not write, or that a crash cut off.

Exit code 0: the file could be read, or there is none because no record was refused.`,
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
    if (unreadable > 0) await call.print(`${counted(unreadable, 'unreadable line')}\n`);
    if (listed.length === 0) {
      const notice = noFileNotice(call);
      if (notice !== undefined) call.report(notice);
      return GOOD;
    }
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
