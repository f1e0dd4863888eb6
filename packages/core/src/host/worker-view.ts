// In the worker: the figures and the last warning of the whole transport, for its status file.

import type { ApplicationView } from '../shipper/status';
import { Counters, type Stats } from '../telemetry/counters';
import type { LatestWarning } from '../telemetry/warnings';
import { asHostSees, hostStats } from './worker-books';
import type { HostView } from './worker-protocol';

export class WorkerView implements ApplicationView {
  readonly #host: HostView;
  readonly #own: Counters;
  readonly #worker: Counters;
  #latestWarning: LatestWarning | undefined;

  constructor(host: HostView, worker: Counters) {
    this.#host = host;
    this.#own = new Counters(host.counters);
    this.#worker = worker;
    this.#latestWarning = host.latestWarning;
  }

  /** As `stats()` in the application's thread, except that `pendingBytes` has only what arrived here. */
  stats(): Stats {
    // First the worker's counters, in which records end, and then the host's, in which they begin.
    const reading = asHostSees(this.#worker.reading());
    const stats = hostStats(this.#host.books, reading, this.#own.stats());
    return { ...stats, pendingBytes: this.#worker.read('pendingBytes') };
  }

  note(warning: LatestWarning): void {
    this.#latestWarning = warning;
  }

  latestWarning(): LatestWarning | undefined {
    return this.#latestWarning;
  }
}
