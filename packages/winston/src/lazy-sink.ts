// The transport's sink: opened at once, released when no logger needs it, opened again by a later record.
//
// - A released sink is closed when every record is finished. A sink with records on disk stays open: it delivers them
//   when the service is back, and a logger that is added again writes to it. A second sink would count those records
//   again, and could send beside the first one and break the order.
// - Opening again may fail: a file that the options name is gone, or no thread can be started. `write` must not throw,
//   so another sink takes its place that refuses and counts the records, and opening is tried again later.

import { addStats, type FlushOptions, type FlushResult, type RecordSink, type Stats, systemClock } from '@putlogs/core';

/** How often a released sink is checked. */
const CHECK_MS = 50;
/** When opening that failed is tried again. */
const RETRY_MS = 60_000;

interface Released {
  readonly sink: RecordSink;
  isClosed: boolean;
}

export class LazySink {
  readonly #open: () => RecordSink;
  readonly #openUnstarted: (error: unknown) => RecordSink;
  readonly #nowMs: () => number;
  #sink: RecordSink | undefined;
  /** Set while the sink is one that could not be started. */
  #retryAtMs: number | undefined;
  /** Sinks that are being closed, and the last one, which counts late records. Every record in them is finished. */
  #released: Released[] = [];
  /** The sums of the other ones. */
  #past: Stats | undefined;
  #ended = false;
  #isChecking = false;

  /**
   * @param open may throw, also now
   * @param openUnstarted returns a sink that refuses every record because of the error
   */
  constructor(
    open: () => RecordSink,
    openUnstarted: (error: unknown) => RecordSink,
    nowMs: () => number = systemClock.monotonicMs,
  ) {
    this.#open = open;
    this.#nowMs = nowMs;
    this.#openUnstarted = openUnstarted;
    this.#sink = open();
  }

  write(record: string): boolean {
    return this.#current().write(record);
  }

  #current(): RecordSink {
    const last = this.#sink ?? this.#released.at(-1)?.sink;
    if (this.#ended && last !== undefined) return last;
    if (this.#retryAtMs !== undefined && this.#nowMs() >= this.#retryAtMs && this.#sink !== undefined) {
      this.#close(this.#sink);
    }
    this.#sink ??= this.#reopened();
    return this.#sink;
  }

  #reopened(): RecordSink {
    this.#retryAtMs = undefined;
    try {
      return this.#open();
    } catch (error) {
      this.#retryAtMs = this.#nowMs() + RETRY_MS;
      return this.#openUnstarted(error);
    }
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#sink?.flush(options) ?? Promise.resolve({ finished: true, pending: 0 });
  }

  /**
   * Closes the sink once all its records are finished, unless `needed` is true by then. It is checked and not flushed,
   * because a flush keeps the process alive for as long as the service is away.
   */
  release(needed: () => boolean): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.#checkLater(needed);
  }

  #checkLater(needed: () => boolean): void {
    systemClock.after(CHECK_MS, false, () => {
      const sink = this.#sink;
      const isNeeded = sink === undefined || this.#ended || needed();
      if (!isNeeded && hasUnfinished(sink.stats())) return this.#checkLater(needed);
      this.#isChecking = false;
      if (!isNeeded) this.#close(sink);
    });
  }

  #close(sink: RecordSink): void {
    this.#sink = undefined;
    const released: Released = { sink, isClosed: false };
    this.#released.push(released);
    void sink.close().then(() => {
      released.isClosed = true;
      this.#sumUp();
    });
    this.#sumUp();
  }

  /** Forgets the closed sinks except the last one, and keeps their sums. */
  #sumUp(): void {
    const last = this.#released.at(-1);
    const isOver = (released: Released) => released.isClosed && released !== last;
    const sums = this.#released.filter(isOver).map(readingOf);
    if (sums.length === 0) return;
    this.#past = (this.#past === undefined ? sums : [this.#past, ...sums]).reduce(addStats);
    this.#released = this.#released.filter((released) => !isOver(released));
  }

  /** Closes for good. Later records are refused and counted. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#sink?.close();
  }

  stats(): Stats {
    const readings = this.#released.map(readingOf);
    if (this.#sink !== undefined) readings.push(this.#sink.stats());
    if (this.#past !== undefined) readings.push(this.#past);
    return readings.reduce(addStats);
  }
}

function hasUnfinished({ pending, spooled }: Stats): boolean {
  return pending + spooled > 0;
}

/** A sink may adopt records of other processes while it closes. The next process that recovers them counts them. */
function readingOf({ sink, isClosed }: Released): Stats {
  const stats = sink.stats();
  return isClosed ? { ...stats, recovered: stats.recovered - stats.spooled, spooled: 0 } : stats;
}
