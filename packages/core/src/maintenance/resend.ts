// Sends batches that were kept: the second half of a shipper's wiring, for the two replays.
//
// There is no other sender and no other retry loop. It never waits for ever: it ends when nothing was finished for
// `patienceMs`.

import { type Compressed, codecOf, compressor } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import { BatchSize } from '../batch/size-limit';
import type { Options } from '../options/schema';
import { systemClock } from '../runtime/clock';
import { Outbox } from '../shipper/delivery';
import { signerOf } from '../shipper/signer';
import type { Target } from '../targets/target';
import { Account, type Stats } from '../telemetry/counters';
import { Teller } from '../telemetry/warnings';

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

const LOOK_MS = 200;
const OTHERS_LOOK_MS = 20;

export class Resend {
  readonly options: Options;
  readonly target: Target;
  readonly compress: (raw: Buffer) => Compressed;
  readonly #parts: ReplayParts;
  readonly #account = new Account();
  readonly #outbox: Outbox;
  /** Called when records of the batch with this id are finished. */
  onFinished: (packId: string, count: number) => void = () => {};

  constructor(parts: ReplayParts, concurrency: number) {
    const { options } = parts;
    const clock = systemClock;
    const teller = new Teller(clock, () => {});
    const { credentials, target } = signerOf(options, clock);
    this.#parts = parts;
    this.options = options;
    this.target = target;
    this.compress = compressor(codecOf(options.compression), (reason) =>
      teller.tell('compression', `no LZ4 could be loaded, zlib is used instead: ${reason}`),
    );
    this.#outbox = new Outbox({
      options,
      target: this.target,
      credentials,
      account: this.#account,
      clock,
      teller,
      compress: this.compress,
      size: new BatchSize(options.batch, clock),
      concurrency,
      runs: undefined,
      // A person who asks for a replay does not want to wait for the successors of dead processes.
      graceMs: 0,
      hashKey: '',
      onFinished: (packId, count) => this.onFinished(packId, count),
    });
  }

  push(batch: SealedBatch): void {
    this.#account.add('accepted', batch.count);
    this.#outbox.push(batch);
  }

  stats(): Stats {
    return this.#account.stats();
  }

  /** Resolves when all batches are finished, or at one of the two ends before that. */
  async finished(): Promise<ReplayEnd> {
    const { patienceMs, signal, onProgress } = this.#parts;
    let before = unfinished(this.stats());
    let sinceMs = systemClock.monotonicMs();
    await this.#outbox.firstLook;
    // A few instances are drained at a time, so there may be more when these are finished.
    while (!this.#outbox.isEmpty || (await this.#outbox.lookAgain())) {
      const isOwnFinished = await this.#outbox.finished(LOOK_MS);
      // Records of other instances are left: `finished` says nothing of those, and this loop must let the others run.
      if (isOwnFinished && !this.#outbox.isEmpty) {
        await new Promise<void>((resolve) => systemClock.after(OTHERS_LOOK_MS, true, resolve));
      }
      const stats = this.stats();
      onProgress(stats);
      const nowMs = systemClock.monotonicMs();
      if (unfinished(stats) !== before) sinceMs = nowMs;
      before = unfinished(stats);
      if (signal.aborted && !this.#outbox.isEmpty) return 'aborted';
      if (nowMs - sinceMs >= patienceMs && !this.#outbox.isEmpty) return 'out of patience';
    }
    return 'done';
  }

  async close(): Promise<void> {
    this.#outbox.leave();
    await this.#outbox.close();
  }
}

function unfinished({ pending, spooled }: Stats): number {
  return pending + spooled;
}
