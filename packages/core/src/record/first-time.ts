// Finds the time of a record that has two fields of that name, as pino writes them: its own `time` first, and later the
// application's. JSON.parse would keep the later one only.

import { QUOTE, skipNested, skipScalar, skipSpace, skipString } from './json-scan';
import { readTime } from './time';

const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

/**
 * Returns the JSON text of the field with the record's time, if the record has a later field of the same name. Returns
 * '' for every other record. Names with escapes are not found: a logger does not write them.
 * @param line a JSON object
 */
export function hiddenTime(line: Buffer, start: number, end: number, timeKeys: readonly string[]): string {
  const isTwice = timeKeys.some((key) => {
    const name = JSON.stringify(key);
    const first = line.indexOf(name, start);
    const second = first === -1 ? -1 : line.indexOf(name, first + name.length);
    return second !== -1 && second < end;
  });
  return isTwice ? firstOfTwo(line, start, end, timeKeys) : '';
}

function firstOfTwo(line: Buffer, start: number, end: number, timeKeys: readonly string[]): string {
  let found: { readonly name: string; readonly text: string } | undefined;
  let at = skipSpace(line, start, end) + 1;
  while (at < end) {
    at = skipSpace(line, at, end);
    const nameTo = skipString(line, at + 1, end);
    if (line[at] !== QUOTE || nameTo === -1) return '';
    const name = line.toString('utf8', at + 1, nameTo);
    const value = skipSpace(line, skipSpace(line, nameTo + 1, end) + 1, end);
    const isText = line[value] === QUOTE;
    const isNested = line[value] === OPENING_BRACE || line[value] === OPENING_BRACKET;
    const from = isText ? value + 1 : value;
    const to = (isText ? skipString : isNested ? skipNested : skipScalar)(line, from, end);
    if (to === -1) return '';
    if (name === found?.name) return found.text;
    if (found === undefined && !isNested && timeKeys.includes(name) && readTime(line, from, to) !== undefined) {
      found = { name, text: line.toString('utf8', at, isText ? to + 1 : to) };
    }
    at = skipSpace(line, isText ? to + 1 : to, end) + 1;
  }
  return '';
}
