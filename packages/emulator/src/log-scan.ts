// Searches the logs of a store: the matches in the order of their times, and pages of them.
//
// The matches of the last search are kept for the next page. There is no index: every field can be searched.

import type { Ledger, LogEntry, Store } from './ledger.js';
import type { LogTest } from './query.js';

// A time below 1e10 is in seconds: the rule of every official SDK. An SLS time is always in seconds.
const SECONDS_BELOW = 1e10;

export interface Match {
  readonly sequence: number;
  readonly timeMs: number;
  readonly timeNs: number;
}

export interface Question {
  readonly store: Store;
  /** Equal for two equal searches of the same store. */
  readonly text: string;
  /** Both ends included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly test: LogTest;
  readonly order: 'asc' | 'desc';
  /** Logs after this sequence number are ignored. */
  readonly seen: number;
}

export class LogScan {
  readonly #ledger: Ledger;
  #last: { readonly store: Store; readonly key: string; readonly matches: readonly Match[] } | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  find(question: Question): readonly Match[] {
    const { store, text, fromMs, toMs, order, seen } = question;
    const key = JSON.stringify([text, fromMs, toMs, order, seen]);
    if (this.#last?.store !== store || this.#last.key !== key) {
      const matches = this.#scan(question);
      this.#last = { store, key, matches: order === 'asc' ? matches : matches.reverse() };
    }
    return this.#last.matches;
  }

  /** The logs of some matches, in order. */
  read(page: readonly Match[]): LogEntry[] {
    const bySequence = page.map(({ sequence }) => sequence).sort((one, other) => one - other);
    const read = new Map(bySequence.map((sequence) => [sequence, this.#ledger.entryAt(sequence)]));
    return page.map(({ sequence }) => read.get(sequence)!);
  }

  /** Drops the matches of the last search. Called after a reset of the ledger. */
  reset(): void {
    this.#last = null;
  }

  #scan({ store, fromMs, toMs, test, seen }: Question): Match[] {
    const matches: Match[] = [];
    for (const log of this.#ledger.entries(0, (origin) => origin.store === store)) {
      if (log.sequence > seen) break;
      const timeMs = toMilliseconds(log.time);
      if (timeMs < fromMs || timeMs > toMs || !test(log)) continue;
      matches.push({ sequence: log.sequence, timeMs, timeNs: log.timeNs ?? 0 });
    }
    return matches.sort(
      (one, other) => one.timeMs - other.timeMs || one.timeNs - other.timeNs || one.sequence - other.sequence,
    );
  }
}

export function toMilliseconds(time: number): number {
  return time < SECONDS_BELOW ? time * 1000 : time;
}
