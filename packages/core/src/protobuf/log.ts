// Reads an encoded record (a `Log`) back, for dead letters and for JSON bodies.
//
// It accepts only the fields that the transcoder writes. Any other field is an error, and is not skipped.

import { readVarint } from './varint';

/** How the time of a record is encoded. */
export interface TimeLayout {
  /** The unit of Log.Time. Log.TimeNs has the nanoseconds below that unit. */
  readonly timeUnit: 'ms' | 's';
  /** The tag byte of Log.TimeNs, a fixed32. */
  readonly timeNsTag: number;
}

export interface ReadLog {
  /** Milliseconds since 1970, for every target. */
  readonly time: number;
  /** The nanoseconds below `time`, 0 to 999,999. */
  readonly timeNs: number;
  readonly contents: Readonly<Record<string, string>>;
}

const TIME_TAG = 0x08;
const CONTENT_TAG = 0x12;
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;

/**
 * Returns the time in milliseconds since 1970, with the precision of Log.Time: whole seconds if that is its unit.
 * @throws if the record does not begin with its time
 */
export function readTimeMs(log: Buffer, { timeUnit }: TimeLayout): number {
  if (log[0] !== TIME_TAG) throw new Error('a record does not begin with its time');
  const { value } = readVarint(log, 1);
  return timeUnit === 's' ? value * 1000 : value;
}

/** @throws if the bytes are not a record of this layout */
export function readLog(log: Buffer, { timeUnit, timeNsTag }: TimeLayout): ReadLog {
  const contents: [string, string][] = [];
  let time = 0;
  let timeNs = 0;
  let at = 0;
  while (at < log.length) {
    const tag = log[at]!;
    if (tag === TIME_TAG) {
      ({ value: time, next: at } = readVarint(log, at + 1));
    } else if (tag === timeNsTag) {
      timeNs = log.readUInt32LE(at + 1);
      at += 5;
    } else if (tag === CONTENT_TAG) {
      const key = readText(log, readVarint(log, at + 1).next, KEY_TAG);
      const value = readText(log, key.next, VALUE_TAG);
      contents.push([key.text, value.text]);
      at = value.next;
    } else {
      throw new Error(`a record has an unknown field: tag ${tag}`);
    }
  }
  if (timeUnit === 's') {
    time = time * 1000 + Math.floor(timeNs / 1_000_000);
    timeNs %= 1_000_000;
  }
  return { time, timeNs, contents: Object.fromEntries(contents) };
}

function readText(log: Buffer, at: number, tag: number): { text: string; next: number } {
  if (log[at] !== tag) throw new Error(`a record's content has no ${tag === KEY_TAG ? 'key' : 'value'}`);
  const { value: bytes, next } = readVarint(log, at + 1);
  return { text: log.toString('utf8', next, next + bytes), next: next + bytes };
}
