// Sends batches that were kept: the second half of a shipper's wiring, for the two replays.
//
// There is no other sender and no other retry loop. It never waits for ever: it ends when nothing was finished for
// `patienceMs`.

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
  /** Ends when nothing was finished for so long. */
  readonly patienceMs: number;
  /** Ends it as well: what is not finished by then stays. */
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
      // A replay does not wait for the successors of dead processes.
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
    // A few instances are drained at a time, so there may be more when these are finished.
    while (!this.#delivery.isEmpty || (await this.#delivery.lookAgain())) {
      const isOwnFinished = await this.#delivery.finished(POLL_INTERVAL_MS);
      // Records of other instances are left: `finished` says nothing of those, and this loop must let the others run.
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
