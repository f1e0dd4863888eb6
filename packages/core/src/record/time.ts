// The time of a record, from whatever the logger wrote.
//
// Takes: the text of a time field. Gives: milliseconds since 1970 and the nanoseconds below the millisecond, digit
// for digit (a nanosecond epoch does not fit a double, so it is read as text).
// Keeps: the last millisecond handed out, so that records of one millisecond stay in call order.
// Never: a guess at a text it cannot read; the record then keeps the field and takes its arrival time.
//
// Numbers, by magnitude: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds
// (so seconds reach to the year 5138 and milliseconds back to 1973). A fraction is kept to the nanosecond.
// Texts: ISO 8601 `YYYY-MM-DDTHH:MM:SS[.fraction][Z|+HH:MM|+HHMM]`, with a space for the `T` if need be, without a
// zone in the machine's own (as ECMAScript has it); or a number as above.

export interface Time {
  /** Milliseconds since 1970; above 0. */
  ms: number;
  /** Nanoseconds below the millisecond, 0 to 999999; -1 where the record does not say. */
  subMsNs: number;
}

const NUMBER = /^(\d{1,20})(?:\.(\d{1,20}))?$/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,20}))?(?:(Z|z)|([+-])(\d\d):?(\d\d))?$/;
/** Longer than any time; what is longer is not looked at. */
const LONGEST_TEXT = 48;
/** The end of the year 9999, where ISO 8601 ends. */
const LATEST_MS = 253402300799999;

/** Reads the time in `bytes[start..end)`; nothing if it is none. */
export function readTime(bytes: Buffer, start: number, end: number): Time | undefined {
  if (end - start > LONGEST_TEXT) return undefined;
  const plain = readPlainMs(bytes, start, end);
  if (plain !== 0) return { ms: plain, subMsNs: -1 };
  const text = bytes.toString('latin1', start, end);
  const time = readNumber(text) ?? readIso(text);
  return time !== undefined && time.ms > 0 && time.ms <= LATEST_MS ? time : undefined;
}

/** The everyday form, 12 to 14 digits of milliseconds, without a string being made; 0 if it is not that. */
function readPlainMs(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start;
  if (digits < 12 || digits > 14) return 0;
  let ms = 0;
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    ms = ms * 10 + digit;
  }
  return ms >= 1e11 ? ms : 0;
}

function readNumber(text: string): Time | undefined {
  const match = NUMBER.exec(/[eE]/.test(text) ? plainDigits(text) : text);
  if (match === null) return undefined;
  const whole = match[1]!.replace(/^0+(?=\d)/, '');
  const fraction = match[2] ?? '';
  const magnitude = Number(whole);
  if (magnitude < 1e11) return shift(whole, fraction, 3);
  if (magnitude < 1e14) return fraction === '' ? { ms: magnitude, subMsNs: -1 } : shift(whole, fraction, 0);
  return shift(whole, fraction, magnitude < 1e17 ? -3 : -6);
}

/** `1.7e12` as `1700000000000`; a text that is no such number as it is. */
function plainDigits(text: string): string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? String(number) : text;
}

/** Moves the point by `digits` to where milliseconds end, and reads what stands on its two sides. */
function shift(whole: string, fraction: string, digits: number): Time {
  const all = whole + fraction;
  const point = whole.length + digits;
  const ms = point <= 0 ? 0 : Number(all.slice(0, point).padEnd(point, '0'));
  const below = point < 0 ? '0'.repeat(-point) + all : all.slice(point);
  const saysSubMs = all.length > point;
  return { ms, subMsNs: saysSubMs ? Number(below.slice(0, 6).padEnd(6, '0')) : -1 };
}

function readIso(text: string): Time | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // 60 is a leap second, which POSIX time counts as the next minute's first.
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return undefined;
  const [fraction = '', utc, sign, zoneHours, zoneMinutes] = match.slice(7);
  let ms: number;
  if (utc === undefined && sign === undefined) {
    ms = new Date(year, month - 1, day, hour, minute, second).getTime();
  } else {
    ms = Date.UTC(year, month - 1, day, hour, minute, second);
    const offsetMs = (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * 60_000;
    ms -= sign === '-' ? -offsetMs : offsetMs;
  }
  const subSecond = fraction.slice(0, 9).padEnd(9, '0');
  return {
    ms: ms + Number(subSecond.slice(0, 3)),
    subMsNs: fraction.length > 3 ? Number(subSecond.slice(3)) : -1,
  };
}

/**
 * Counts up within a millisecond, for records that say no more than that: a console that sorts by precise time then
 * shows them as they were logged. Two records of one millisecond are told apart up to the millionth.
 */
export class CallOrder {
  #lastMs = 0;
  #next = 0;

  /** The nanoseconds below `ms` for the next record of that millisecond. */
  subMsNs(ms: number): number {
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#next = 0;
    }
    return this.#next < 999_999 ? this.#next++ : 999_999;
  }
}
