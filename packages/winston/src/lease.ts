// The life of the transport's sink: opened at once, released when no logger needs it, opened again by a later record.
//
// A released sink is closed only when every record is finished, delivered or dropped. One that has records on disk
// stays open: it delivers them when the service is back, and a logger that comes back writes to it. So no second sink
// of this transport finds its records on disk and counts them again, or sends in parallel and breaks their order.

import { addStats, type FlushOptions, type FlushResult, type RecordSink, type Stats } from '@putlogs/core';

/** How often a released sink is checked. */
const CHECK_MS = 50;

export class SinkLease {
  readonly #open: () => RecordSink;
  #sink: RecordSink | undefined;
  /** Sinks on their way out: nothing in them is unfinished. */
  readonly #closing = new Set<RecordSink>();
  /** The sums of the sinks that are closed. */
  #past: Stats | undefined;
  #ended = false;
  #check: NodeJS.Timeout | undefined;

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
    this.#check ??= setInterval(() => {
      const sink = this.#sink;
      const isNeeded = sink === undefined || this.#ended || needed();
      if (!isNeeded && hasUnfinished(sink.stats())) return;
      clearInterval(this.#check);
      this.#check = undefined;
      if (!isNeeded) this.#close(sink);
    }, CHECK_MS).unref();
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

  /** Closes for good: what comes later is refused and counted. */
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

/**
 * A sink may have adopted records of other processes while it was about to close. Those it has left on disk belong to
 * whoever recovers them next.
 */
function withoutLeft(stats: Stats): Stats {
  return { ...stats, recovered: stats.recovered - stats.spooled, spooled: 0 };
}
