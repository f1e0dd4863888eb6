// What each record of the soak says: a pure function of its number, so that the judge needs nothing but the numbers.
//
//   n       number of the life x 10,000,000, and then in call order
//   at      epoch milliseconds of the log's time
//   text    does not compress, so that a small spool is soon full; or a text that the service refuses

import { seededRandom } from '../support/seeded-random';

/** One record in so many is refused by the service. */
export interface Refusable {
  /** For its text. */
  readonly poisonEvery: number;
  /** For its time; 0 where the service takes any time. */
  readonly oldEvery: number;
}

export const POISON = 'the service refuses this text';
export const LIFE_RECORDS = 10_000_000;
const OLD_MS = 30 * 24 * 3_600_000;
const LONGEST_TEXT = 300;

export function isPoison(n: number, { poisonEvery }: Refusable): boolean {
  return n % poisonEvery === poisonEvery - 1;
}

export function isOld(n: number, { oldEvery }: Refusable): boolean {
  return oldEvery > 0 && n % oldEvery === oldEvery - 1;
}

export function textOf(n: number, refusable: Refusable): string {
  return isPoison(n, refusable) ? POISON : `记录 ${n} ${noise(n)}`;
}

export function timeOf(n: number, refusable: Refusable, nowMs: number): number {
  return isOld(n, refusable) ? nowMs - OLD_MS : nowMs;
}

function noise(n: number): string {
  const random = seededRandom(n);
  const length = n % LONGEST_TEXT;
  let text = '';
  while (text.length < length) text += random().toString(36).slice(2, 9);
  return text.slice(0, length);
}
