// When a file that cannot be read is given up: not for a failure that passes by itself, and not before several tries.

import type { Clock } from '../runtime/clock';
import type { DiskFailure } from './disk';

/** These codes pass by themselves. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EINTR', 'EAGAIN', 'ENOMEM']);
/** A file is given up after so many tries over so long. */
const TRIES = 5;
const TRIES_MS = 60_000;

export function isPassing({ code }: DiskFailure): boolean {
  return PASSING.has(code);
}

/** The failures in a row of one file or directory. */
export class LastingFailure {
  #tries = 0;
  #sinceMs = 0;

  /** Counts the failure. Returns whether it has lasted so long that the file is to be given up. */
  isLasting(failure: DiskFailure, clock: Clock): boolean {
    if (isPassing(failure)) return false;
    const nowMs = clock.monotonicMs();
    if (this.#tries === 0) this.#sinceMs = nowMs;
    this.#tries += 1;
    return this.#tries >= TRIES && nowMs - this.#sinceMs >= TRIES_MS;
  }

  /** The file could be read again, or was given up. */
  reset(): void {
    this.#tries = 0;
  }
}
