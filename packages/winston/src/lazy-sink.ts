// The transport's sink: opened at once, released when no logger needs it, opened again by a later record.
//
// A released sink is closed when every record is finished. A sink with records on disk stays open: it delivers them
// when the service is back, and a logger that is added again writes to it. A second sink would count those records
// again, and could send beside the first one and break the order.

import { addStats, type FlushOptions, type FlushResult, type RecordSink, type Stats, systemClock } from '@putlogs/core';

/** How often a released sink is checked. */
const CHECK_MS = 50;

export class LazySink {
  readonly #open: () => RecordSink;
  #sink: RecordSink | undefined;
  /** Sinks that are being closed. Every record in them is finished. */
  readonly #closing = new Set<RecordSink>();
  /** The sums of the sinks that are closed. */
  #past: Stats | undefined;
  #ended = false;
  #isChecking = false;

  constructor(open: () => RecordSink) {
    this.#open = open;
    this.#sink = open();
  }

  write(record: string): boolean {
    this.#sink ??= this.#open();
    return this.#sink.write(record);
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
    this.#closing.add(sink);
    void sink.close().then(() => {
      this.#closing.delete(sink);
      const last = withoutLeft(sink.stats());
      this.#past = this.#past === undefined ? last : addStats(this.#past, last);
    });
  }

  /** Closes for good. Later records are refused and counted. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#sink?.close();
  }

  stats(): Stats {
    const sinks = this.#sink === undefined ? [...this.#closing] : [...this.#closing, this.#sink];
    const readings = sinks.map((sink) => sink.stats());
    if (this.#past !== undefined) readings.push(this.#past);
    return readings.reduce(addStats);
  }
}

function hasUnfinished({ pending, spooled }: Stats): boolean {
  return pending + spooled > 0;
}

/** A sink may adopt records of other processes while it closes. The next process that recovers them counts them. */
function withoutLeft(stats: Stats): Stats {
  return { ...stats, recovered: stats.recovered - stats.spooled, spooled: 0 };
}
