// What the service does wrong, as scripts of the emulator: each is chosen by name and shaped by random numbers.

import { below, type Random } from '../support/seeded-random';
import type { TargetUnderTest } from '../support/targets';
import { POISON } from './records';

export type Rule = Readonly<Record<string, unknown>>;

const DAY_MS = 24 * 3_600_000;

/** A whole number from `from` to below `to`. */
export function between(random: Random, from: number, to: number): number {
  return from + below(random, to - from);
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)]!;
}

/** The record with this text is refused, whatever else the service does. */
export function poisoned({ codes }: TargetUnderTest): Rule {
  return { match: { contains: POISON }, code: codes.refused };
}

/** Faults at which every record is refused, so that a life may give up some that are sound. */
export const REFUSING: readonly string[] = ['everything refused', 'wrong service clock'];

export function faultsOf({ codes, name }: TargetUnderTest): Readonly<Record<string, (random: Random) => Rule[]>> {
  return {
    outage: () => [{ status: 503 }],
    throttling: () => [{ code: codes.throttled, headers: { 'retry-after': '1' } }],
    resets: (random) => [{ resetAfterBytes: below(random, 3000) }],
    silence: () => [{ swallow: 'before' }],
    'lost answers': () => [{ swallow: 'after', times: 5 }],
    'slow answers': (random) => [{ delayMs: between(random, 200, 2500) }],
    'wrong key': () => [{ code: name.startsWith('aliyun') ? 'SignatureNotMatch' : 'SignatureDoesNotMatch' }],
    flapping: () => [
      { match: { nth: 1 }, status: 500 },
      { match: { nth: 3 }, status: 500 },
      { match: { nth: 5 }, swallow: 'after' },
    ],
    'small requests': (random) => [{ maxRequestBytes: between(random, 2000, 20_000), status: 413 }],
    'few records': (random) => [{ maxLogs: between(random, 3, 200) }],
    'lost answers, then few records': (random) => [
      { swallow: 'after', times: 3 },
      { maxLogs: between(random, 3, 100) },
    ],
    // One of a day is beyond what a request's date may be, one of 20 days beyond what a record's time may be.
    'wrong service clock': (random) => [{ clockSkewMs: oneOf(random, [-20, -1, 1, 20]) * DAY_MS }],
    'everything refused': () => [{ code: codes.refused }],
  };
}

/** Right after a restart: what was adopted has to be cut, in other places than before. */
export function limitsAfterRestart(random: Random): Rule[] {
  const limits = [{ maxLogs: between(random, 2, 60) }, { maxRequestBytes: between(random, 2000, 9000) }];
  return [oneOf(random, limits)];
}
