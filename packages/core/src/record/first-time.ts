// Finds the time of a record that has two fields of that name, as pino writes them: its own `time` first, and later the
// application's. JSON.parse would keep the later one only.

import { OPENING_BRACE, OPENING_BRACKET, QUOTE, skipSpace, skipString, skipValue } from './json-scan';
import { readTime } from './time';

/**
 * Returns the JSON text of the field with the record's time, if the record has a later field of the same name. Returns
 * '' for every other record. Names with escapes are not found: a logger does not write them.
 * @param bytes has a JSON object from `start` to `end`, and other records behind it
 */
export function hiddenTime(bytes: Buffer, start: number, end: number, timeKeys: readonly string[]): string {
  // A view of the one record. The search for a name that it does not have would go on through all others.
  const line = bytes.subarray(start, end);
  const isTwice = timeKeys.some((key) => {
    const name = JSON.stringify(key);
    const first = line.indexOf(name);
    return first !== -1 && line.includes(name, first + name.length);
  });
  return isTwice ? firstOfTwo(line, timeKeys) : '';
}

function firstOfTwo(line: Buffer, timeKeys: readonly string[]): string {
  const end = line.length;
  let found: { readonly name: string; readonly text: string } | undefined;
  let at = skipSpace(line, 0, end) + 1;
  while (at < end) {
    at = skipSpace(line, at, end);
    const nameTo = skipString(line, at + 1, end);
    if (line[at] !== QUOTE || nameTo === -1) return '';
    const name = line.toString('utf8', at + 1, nameTo);
    const value = skipSpace(line, skipSpace(line, nameTo + 1, end) + 1, end);
    const behind = skipValue(line, value, end);
    if (behind === -1) return '';
    if (name === found?.name) return found.text;
    if (found === undefined && timeKeys.includes(name) && isTime(line, value, behind)) {
      found = { name, text: line.toString('utf8', at, behind) };
    }
    at = skipSpace(line, behind, end) + 1;
  }
  return '';
}

function isTime(line: Buffer, from: number, to: number): boolean {
  const first = line[from];
  if (first === OPENING_BRACE || first === OPENING_BRACKET) return false;
  return readTime(line, first === QUOTE ? from + 1 : from, first === QUOTE ? to - 1 : to) !== undefined;
}
