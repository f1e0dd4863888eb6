// The life of the transport's sink: opened at once, let go when no logger needs it, opened again by a later record.
//
// Takes: how to open a sink. Gives: RecordSink's own face, over as many sinks as that takes, and one sum of counters.
// Keeps: the open sink, if there is one, and the counters of those before it.
// Never: closes a sink that has records without a fate, except at the end; opens two at a time, for an instance's
// order is kept by one.
import { addStats, type FlushOptions, type FlushResult, type RecordSink, type Stats } from '@putlogs/core';

/** How often a sink that nobody holds is looked at. */
const LOOK_MS = 50;

export class SinkLease {
  readonly #open: () => RecordSink;
  #sink: RecordSink | undefined;
  /** What the sinks before this one came to. */
  #past: Stats | undefined;
  #ended = false;
  #watch: NodeJS.Timeout | undefined;

  constructor(open: () => RecordSink) {
    this.#open = open;
    this.#sink = open();
  }

  write(record: string): boolean {
    this.#sink ??= this.#open();
    return this.#sink.write(record);
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#sink?.flush(options) ?? Promise.resolve({ settled: true, pending: 0 });
  }

  /**
   * Closes the sink once all its records have their fate, unless `needed` says otherwise by then. It is looked at and
   * not flushed, because a flush keeps the process alive for as long as the service is away.
   */
  release(needed: () => boolean): void {
    this.#watch ??= setInterval(() => {
      const sink = this.#sink;
      const isNeeded = sink === undefined || this.#ended || needed();
      if (!isNeeded && sink.stats().pending > 0) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
      if (isNeeded) return;
      this.#past = this.stats();
      this.#sink = undefined;
      void sink.close();
    }, LOOK_MS).unref();
  }

  /** Closes for good: what comes later is refused and counted. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#sink?.close();
  }

  stats(): Stats {
    const past = this.#past;
    const now = this.#sink?.stats();
    if (past === undefined || now === undefined) return (now ?? past) as Stats;
    return addStats(past, now);
  }
}
