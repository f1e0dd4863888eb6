// Takes: which logs of a store are wanted. Gives: their places in the order of their times, and pages of the logs.
// Keeps: the matches of the last scan, so that the next page of the same question needs no second one.
// Never: an index: every log is looked at as if each field had one.
import type { Ledger, LogEntry, Store } from './ledger.js';
import type { LogTest } from './query.js';

// Below 1e10 a time is in seconds: the rule of every official SDK. An SLS time always is.
const SECONDS_BELOW = 1e10;

export interface Match {
  readonly sequence: number;
  readonly timeMs: number;
  readonly timeNs: number;
}

export interface Question {
  readonly store: Store;
  /** What makes two questions about the same store the same. */
  readonly text: string;
  /** Both ends included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly test: LogTest;
  readonly order: 'asc' | 'desc';
  /** Logs that came after this sequence number are not seen. */
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

  /** The logs of some matches, in their order. */
  read(page: readonly Match[]): LogEntry[] {
    const bySequence = page.map(({ sequence }) => sequence).sort((one, other) => one - other);
    const read = new Map(bySequence.map((sequence) => [sequence, this.#ledger.entryAt(sequence)]));
    return page.map(({ sequence }) => read.get(sequence)!);
  }

  /** Forgets the last scan: after a reset of the ledger the same question has another answer. */
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
