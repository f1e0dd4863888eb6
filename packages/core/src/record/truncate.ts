// What happens to a record that is longer than the service takes: its longest values are cut, and say so.
// Takes: the last Log of a sink and the most bytes it may have. Gives: the same Log, shortened. Keeps: nothing.
// Never: cuts a character in two, or lets a record be refused (and with it its whole batch) for its size.
//
// Every value is cut to one common length, the largest with which the record fits, so short ones stay whole. A cut
// value ends with `…[truncated N bytes]`. Where even the names alone are too long, fields are left out from the end,
// and the last field says how many.

import { readVarint, varintBytes, writeVarint } from '../protobuf/varint';
import type { LogSink } from './types';

interface Content {
  key: Uint8Array;
  value: Buffer;
}

/** Tags, lengths and the mark of a content, at most. */
const CONTENT_ROOM = 60;
const LEFT_OUT = Buffer.from('putlogs-left-out');

/** Cuts the Log whose `Logs` entry begins at `start` and ends the sink. */
export function cutLog(sink: LogSink, start: number, maxLogBytes: number): void {
  const { bytes } = sink.arena;
  const { head, contents, tail } = readLog(Buffer.from(bytes.subarray(start, sink.length)));
  const kept: Content[] = [];
  let room = maxLogBytes - head.length - tail.length - CONTENT_ROOM - LEFT_OUT.length;
  for (const content of contents) {
    const needed = content.key.length + CONTENT_ROOM;
    if (needed > room) break;
    room -= needed;
    kept.push(content);
  }
  const longest = commonLength(
    kept.map(({ value }) => value.length),
    room,
  );
  const cut: Content[] = kept.map(({ key, value }) => ({ key, value: cutValue(value, longest) }));
  const leftOut = contents.length - kept.length;
  if (leftOut > 0) cut.push({ key: LEFT_OUT, value: Buffer.from(`${leftOut} fields`) });
  const body = Buffer.concat([head, ...cut.map(writeContent), tail]);
  bytes[start] = 0x0a;
  const at = writeVarint(bytes, start + 1, body.length);
  bytes.set(body, at);
  sink.length = at + body.length;
}

/** The last position, at most `at`, where a character begins. */
export function characterStart(bytes: Uint8Array, at: number): number {
  let to = at;
  while (to > 0 && (bytes[to]! & 0xc0) === 0x80) to -= 1;
  return to;
}

function readLog(entry: Buffer): { head: Buffer; contents: Content[]; tail: Buffer } {
  const { next: body } = readVarint(entry, 1);
  const { next: first } = readVarint(entry, body + 1);
  const contents: Content[] = [];
  let at = first;
  while (entry[at] === 0x12) {
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

/** The largest length to which all values can be cut so that together they have at most `room` bytes. */
function commonLength(lengths: readonly number[], room: number): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  let left = room;
  for (const [i, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - i));
    if (length > share) return Math.max(share, 0);
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}

function cutValue(value: Buffer, longest: number): Buffer {
  if (value.length <= longest) return value;
  const end = characterStart(value, longest);
  return Buffer.concat([value.subarray(0, end), Buffer.from(`…[truncated ${value.length - end} bytes]`)]);
}

function writeContent({ key, value }: Content): Buffer {
  const bytes = 2 + varintBytes(key.length) + key.length + varintBytes(value.length) + value.length;
  const out = Buffer.allocUnsafe(1 + varintBytes(bytes) + bytes);
  out[0] = 0x12;
  let at = writeVarint(out, 1, bytes);
  out[at] = 0x0a;
  at = writeVarint(out, at + 1, key.length);
  out.set(key, at);
  at += key.length;
  out[at] = 0x12;
  at = writeVarint(out, at + 1, value.length);
  out.set(value, at);
  return out;
}
