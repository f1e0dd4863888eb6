// What a person is told when something goes wrong: one line on stderr, and a `warning` event.
// Takes: a kind and a sentence. Gives: the first of a kind at once, then at most one a minute with the number of those
// that were left out. Keeps: when each kind was told last. Never: through the application's own logger (a warning
// about logs that becomes a log), never asynchronously (the next moment may be the process's last), never a secret.

import { writeSync } from 'node:fs';
import type { Clock } from '../runtime/clock';

export type WarningKind =
  | 'retry'
  | 'hold'
  | 'rejected'
  | 'deadLetter'
  | 'memory'
  | 'spool'
  | 'damaged'
  | 'exit'
  | 'compression'
  | 'worker'
  | 'credentials'
  | 'transform'
  | 'options'
  | 'internal';

export interface Warning {
  readonly kind: WarningKind;
  readonly message: string;
  /** Warnings of this kind since the last one that was told. */
  readonly suppressed: number;
}

/** "1 record waits", "2 records wait". */
export function records(count: number, verbOfOne: string, verbOfMore: string): string {
  return count === 1 ? `1 record ${verbOfOne}` : `${count} records ${verbOfMore}`;
}

export function lost(count: number): string {
  return records(count, 'is lost', 'are lost');
}

const INTERVAL_MS = 60_000;
const STDERR = 2;

export class WarningReporter {
  readonly #clock: Clock;
  readonly #emit: (warning: Warning) => void;
  readonly #last = new Map<string, { atMs: number; suppressed: number }>();

  constructor(clock: Clock, emit: (warning: Warning) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** @param topic for a warning that must not be left out because another one of its kind came just before */
  warn(kind: WarningKind, message: string, topic: string = kind): void {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(topic);
    if (last !== undefined && nowMs - last.atMs < INTERVAL_MS) {
      last.suppressed += 1;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.#last.set(topic, { atMs: nowMs, suppressed: 0 });
    const more = suppressed === 0 ? '' : ` (and ${suppressed} more like it since the last such line)`;
    try {
      writeSync(STDERR, `putlogs: ${message}${more}\n`);
    } catch {
      // stderr is closed, or a pipe that nobody reads: the event below is all that is left to tell with.
    }
    // Later, for whoever listens is not ours: what they throw is theirs, and must not stop a batch on its way.
    process.nextTick(this.#emit, { kind, message, suppressed });
  }
}
