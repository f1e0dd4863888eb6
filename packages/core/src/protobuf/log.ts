// One encoded record read back: what the dead-letter file shows of it, and what goes out as JSON.
// Takes: the bytes of a `Log`. Gives: its time and contents. Keeps: nothing. Never: guesses: what the transcoder did
// not write is an error.

import { readVarint } from './varint';

/** How a record's time is written. */
export interface TimeLayout {
  /** What Log.Time counts; Log.TimeNs is the rest. */
  readonly timeUnit: 'ms' | 's';
  /** The tag byte of Log.TimeNs, a fixed32. */
  readonly timeNsTag: number;
}

export interface ReadLog {
  /** Milliseconds since 1970, whatever the service counts in. */
  readonly time: number;
  /** The nanoseconds below that. */
  readonly timeNs: number;
  readonly contents: Readonly<Record<string, string>>;
}

const TIME_TAG = 0x08;
const CONTENT_TAG = 0x12;
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** Milliseconds since 1970, or whole seconds of them where that is what the service counts. @throws as `readLog` */
export function readTimeMs(log: Buffer, { timeUnit }: TimeLayout): number {
  if (log[0] !== TIME_TAG) throw new Error('a record does not begin with its time');
  const { value } = readVarint(log, 1);
  return timeUnit === 's' ? value * 1000 : value;
}

/** @throws if these are not the bytes of a record */
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
      throw new Error(`a record has a field that was not written: tag ${tag}`);
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
