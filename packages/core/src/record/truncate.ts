// Truncates a record that is larger than the service accepts. Otherwise the service would refuse its whole batch.
//
// cut-mark.ts says how long values are cut. If a value with a mark is cut again, the new mark counts all that is
// missing. If the names alone are too long, fields are left out from the end, and the field `putlogs_left_out` has
// their number.

import { fieldOf } from '../protobuf/fields';
import { readVarint, writeVarint } from '../protobuf/varint';
import { commonLength, MARK, MARK_BYTES, markOf, UNNUMBERED_MARK } from './cut-mark';
import type { LogSink } from './types';

interface Content {
  readonly key: Buffer;
  readonly value: Buffer;
}

const CONTENT_TAG = 0x12;
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
/** The largest number of bytes of a content besides its name and value: tags, lengths, the mark of a cut value. */
const CONTENT_OVERHEAD_BYTES = 60;
/** A shorter value stays whole in any case: there is room for a mark, which is about as long. */
const SHORTEST_CUT_BYTES = 32;
/** The field with the number of fields that are left out. */
export const LEFT_OUT = 'putlogs_left_out';

/**
 * Truncates the last Log of the sink, whose `Logs` entry begins at `start`.
 * @param leftOut the number of fields that are left out already
 */
export function truncateLog(sink: LogSink, start: number, maxLogBytes: number, leftOut = 0): void {
  const { bytes } = sink.arena;
  const { head, contents, tail } = splitEntry(Buffer.from(bytes.subarray(start, sink.length)));
  let missing = leftOut + takeLeftOut(contents);
  const kept: Content[] = [];
  let room = maxLogBytes - head.length - tail.length - CONTENT_OVERHEAD_BYTES - LEFT_OUT.length;
  for (const content of contents) {
    const needed = content.key.length + CONTENT_OVERHEAD_BYTES;
    if (needed > room) break;
    room -= needed;
    kept.push(content);
  }
  const longest = commonLength(
    kept.map(({ value }) => value.length),
    room,
  );
  const cut: Content[] = kept.map(({ key, value }) => ({ key, value: cutValue(value, longest) }));
  missing += contents.length - kept.length;
  if (missing > 0) cut.push({ key: Buffer.from(LEFT_OUT), value: Buffer.from(leftOutText(missing)) });
  const body = Buffer.concat([
    head,
    ...cut.map(({ key, value }) => fieldOf(CONTENT_TAG, fieldOf(KEY_TAG, key), fieldOf(VALUE_TAG, value))),
    tail,
  ]);
  bytes[start] = 0x0a;
  const at = writeVarint(bytes, start + 1, body.length);
  bytes.set(body, at);
  sink.length = at + body.length;
}

export function leftOutText(fields: number): string {
  return `${fields} fields`;
}

/** Removes the field with the number of fields that were left out before, and returns the number. */
function takeLeftOut(contents: Content[]): number {
  const at = contents.findIndex(({ key }) => key.length === LEFT_OUT.length && key.toString() === LEFT_OUT);
  const number = at === -1 ? null : /^(\d{1,9}) fields$/.exec(contents[at]!.value.toString('latin1', 0, 32));
  if (number === null) return 0;
  contents.splice(at, 1);
  return Number(number[1]);
}

/** Returns the last position, at most `at`, where a character of UTF-8 begins. */
export function characterStart(bytes: Uint8Array, at: number): number {
  let to = at;
  while (to > 0 && (bytes[to]! & 0xc0) === 0x80) to -= 1;
  return to;
}

/** Splits a `Logs` entry into its contents and the bytes of its Log before and behind them. */
function splitEntry(entry: Buffer): { head: Buffer; contents: Content[]; tail: Buffer } {
  const { next: body } = readVarint(entry, 1);
  const { next: first } = readVarint(entry, body + 1);
  const contents: Content[] = [];
  let at = first;
  while (entry[at] === CONTENT_TAG) {
    at = readVarint(entry, at + 1).next;
    const key = readVarint(entry, at + 1);
    at = key.next + key.value;
    const value = readVarint(entry, at + 1);
    contents.push({
      key: entry.subarray(key.next, at),
      value: entry.subarray(value.next, value.next + value.value),
    });
    at = value.next + value.value;
  }
  return { head: entry.subarray(body, first), contents, tail: entry.subarray(at) };
}

function cutValue(value: Buffer, longest: number): Buffer {
  if (value.length <= Math.max(longest, SHORTEST_CUT_BYTES)) return value;
  const earlier = MARK.exec(value.toString('utf8', characterStart(value, Math.max(value.length - MARK_BYTES, 0))));
  const textBytes = value.length - (earlier === null ? 0 : Buffer.byteLength(earlier[0]));
  const end = characterStart(value, Math.min(longest, textBytes));
  const missing = textBytes - end + Number(earlier?.[1] ?? 0);
  const mark = earlier !== null && earlier[1] === undefined ? UNNUMBERED_MARK : markOf(missing);
  return Buffer.concat([value.subarray(0, end), Buffer.from(mark)]);
}
