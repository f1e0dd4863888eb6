// Sends stored batches for the two replays, by the second half of a shipper's wiring.
//
// It has no sender and no retry loop of its own. It ends at the latest when nothing was finished for `patienceMs`.

import { type Compressed, codecOf, compressor } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import { SizeLimit } from '../batch/size-limit';
import type { Options } from '../options/schema';
import { sleep, systemClock } from '../runtime/clock';
import { Delivery } from '../shipper/delivery';
import { createSigner } from '../shipper/signer';
import type { Target } from '../targets/target';
import { Counters, type Stats } from '../telemetry/counters';
import { lz4Unavailable } from '../telemetry/warning-catalogue';
import { WarningReporter } from '../telemetry/warnings';

export interface ReplayParts {
  readonly options: Options;
  /** The replay ends when nothing was finished for so long. */
  readonly patienceMs: number;
  /** Also ends the replay. Unfinished records stay where they are. */
  readonly signal: AbortSignal;
  /** Called with the counters several times a second. */
  readonly onProgress: (stats: Stats) => void;
}

export type ReplayEnd =
  /** All records are finished. */
  'done' | 'out of patience' | 'aborted';

const POLL_INTERVAL_MS = 200;
const OTHERS_POLL_INTERVAL_MS = 20;

export class Resend {
  readonly options: Options;
  readonly target: Target;
  readonly compress: (raw: Buffer) => Compressed;
  readonly #parts: ReplayParts;
  readonly #counters = new Counters();
  readonly #delivery: Delivery;
  /** Called when records of the batch with this id are finished. */
  onFinished: (packId: string, count: number) => void = () => {};

  constructor(parts: ReplayParts, concurrency: number) {
    const { options } = parts;
    const clock = systemClock;
    const warnings = new WarningReporter(clock, () => {});
    const { credentials, target } = createSigner(options, clock);
    this.#parts = parts;
    this.options = options;
    this.target = target;
    this.compress = compressor(codecOf(options.compression), (reason) => warnings.warn(lz4Unavailable(reason)));
    this.#delivery = new Delivery({
      options,
      target: this.target,
      credentials,
      counters: this.#counters,
      clock,
      warnings,
      compress: this.compress,
      size: new SizeLimit(options.batch, clock),
      concurrency,
      runs: undefined,
      // A replay does not wait until other processes of the dead runs' instances start.
      graceMs: 0,
      hashKey: '',
      onFinished: (packId, count) => this.onFinished(packId, count),
    });
  }

  push(batch: SealedBatch): void {
    this.#counters.add('accepted', batch.count);
    this.#delivery.push(batch);
  }

  stats(): Stats {
    return this.#counters.stats();
  }

  /** Resolves when every batch is finished, when the signal aborts, or when nothing was delivered for `patienceMs`. */
  async finished(): Promise<ReplayEnd> {
    const { patienceMs, signal, onProgress } = this.#parts;
    let before = unfinished(this.stats());
    let sinceMs = systemClock.monotonicMs();
    await this.#delivery.firstLook;
    // Only a few instances are drained at a time. When these are finished, there may be more.
    while (!this.#delivery.isEmpty || (await this.#delivery.lookAgain())) {
      const isOwnFinished = await this.#delivery.finished(POLL_INTERVAL_MS);
      // `finished` is only about our own queue. While queues of other instances have records, this loop must pause.
      if (isOwnFinished && !this.#delivery.isEmpty) {
        await sleep(systemClock, OTHERS_POLL_INTERVAL_MS);
      }
      const stats = this.stats();
      onProgress(stats);
      const nowMs = systemClock.monotonicMs();
      if (unfinished(stats) !== before) sinceMs = nowMs;
      before = unfinished(stats);
      if (signal.aborted && !this.#delivery.isEmpty) return 'aborted';
      if (nowMs - sinceMs >= patienceMs && !this.#delivery.isEmpty) return 'out of patience';
    }
    return 'done';
  }

  async close(): Promise<void> {
    this.#delivery.leave();
    await this.#delivery.close();
  }
}

function unfinished({ pending, spooled }: Stats): number {
  return pending + spooled;
}
