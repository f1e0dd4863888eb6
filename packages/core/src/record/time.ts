// The time of a record, from the text of its time field.
//
// The magnitude of a number decides its unit: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds,
// else nanoseconds. So seconds can express times until the year 5138, and milliseconds times from 1973 on. A fraction
// is read to the nanosecond. The digits are read as text, because a double cannot hold nanoseconds since 1970.
//
// A text is a number as above, or ISO 8601: `YYYY-MM-DDTHH:MM:SS[.fraction][Z|+HH:MM|+HHMM]`. A space may replace the
// `T`. Without a zone it is the local time of the machine, as in ECMAScript.
//
// Any other text is not a time. The record keeps it as a field, and its time is that of its arrival.

export interface Time {
  /** Milliseconds since 1970; above 0. */
  ms: number;
  /** Nanoseconds below the millisecond, 0 to 999,999, or -1 if the text has only milliseconds. */
  subMsNs: number;
}

const NUMBER = /^(\d{1,20})(?:\.(\d{1,20}))?$/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,20}))?(?:(Z|z)|([+-])(\d\d):?(\d\d))?$/;
/** A longer text is not a time. */
const LONGEST_TEXT = 48;
/** The end of the year 9999, the last that ISO 8601 can write. */
const LATEST_MS = 253402300799999;

/** Returns the time in the text `bytes[start..end)`, or undefined if the text is not a time. */
export function readTime(bytes: Buffer, start: number, end: number): Time | undefined {
  if (end - start > LONGEST_TEXT) return undefined;
  const plain = readPlainMs(bytes, start, end);
  if (plain !== 0) return { ms: plain, subMsNs: -1 };
  const text = bytes.toString('latin1', start, end);
  const time = readNumber(text) ?? readIso(text);
  return time !== undefined && time.ms > 0 && time.ms <= LATEST_MS ? time : undefined;
}

/** Reads the usual form, 12 to 14 digits of milliseconds, without making a string. Returns 0 for any other form. */
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

/** Writes a number without its exponent: `1.7e12` becomes `1700000000000`. Returns any other text unchanged. */
function plainDigits(text: string): string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? String(number) : text;
}

/** Moves the decimal point by `digits`, so that it is behind the milliseconds, and reads both sides of it. */
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
  // 60 is a leap second. POSIX time counts it as the first second of the next minute.
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
 * Numbers the records of one millisecond, if their time has only milliseconds. A console that sorts by nanoseconds then
 * shows them in the order in which they were logged. From the millionth record on, the number stays the same.
 */
export class CallOrder {
  #lastMs = 0;
  #next = 0;

  /** Returns the nanoseconds to write for the next record of the millisecond `ms`. */
  subMsNs(ms: number): number {
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#next = 0;
    }
    return this.#next < 999_999 ? this.#next++ : 999_999;
  }
}
