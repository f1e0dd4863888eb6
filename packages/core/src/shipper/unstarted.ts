// Stands in for a shipper that could not start, at a place whose errors would end the application: in pino's worker,
// and in a call of a winston logger that starts its transport again.
//
// It reports the error once, refuses every record and counts it. The application goes on without its logs, because it
// must not end for them.

import { EventEmitter } from 'node:events';
import { messageOf, PutlogsError } from '../errors';
import { INPUT_BYTES } from '../record/memory-layout';
import { type Clock, systemClock } from '../runtime/clock';
import { failProcess } from '../runtime/exit-code';
import { nextTick } from '../runtime/node-timers';
import type { FlushResult, Shipper, ShipperEvents } from '../sink';
import { Counters, type DropReason, type Stats } from '../telemetry/counters';
import { notStarted, notStartedAgain, recordsLostAtClose } from '../telemetry/warning-catalogue';
import type { NewWarning } from '../telemetry/warning-codes';
import { WarningReporter } from '../telemetry/warnings';
import { Lines } from './line-splitter';
import { type LineStream, lineStream } from './line-stream';

/** Only the number of lines is needed. */
const SHORT_LINE_BYTES = 64;

/** @param error why nothing was started */
export function unstartedLineStream(error: unknown, clock: Clock = systemClock): LineStream {
  const shipper = new Unstarted('options', notStarted(messageOf(error)), false, clock);
  const piece = Buffer.allocUnsafe(INPUT_BYTES);
  const lines = new Lines(() => void shipper.write(), SHORT_LINE_BYTES);
  const stream = lineStream(
    () => piece,
    (bytes) => lines.push(bytes),
    () => {
      lines.end();
      return shipper.close();
    },
  );
  return { shipper, stream, learn: () => {} };
}

/**
 * @param error why a shipper that had started before was not started again
 * @param isStrict whether a refused record makes the exit code 1
 */
export function unstartedShipper(error: unknown, isStrict: boolean, clock: Clock = systemClock): Shipper {
  const isWorker = error instanceof PutlogsError && error.code === 'ERR_PUTLOGS_WORKER';
  return new Unstarted(isWorker ? 'worker' : 'options', notStartedAgain(messageOf(error)), isStrict, clock);
}

const WHY: Partial<Record<DropReason, string>> = {
  options: 'the options are wrong',
  worker: 'no worker thread could be started',
};

class Unstarted extends EventEmitter<ShipperEvents> implements Shipper {
  readonly #reason: DropReason;
  readonly #isStrict: boolean;
  readonly #counters = new Counters();
  readonly #warnings: WarningReporter;
  #closing: Promise<void> | undefined;

  constructor(reason: DropReason, warning: NewWarning, isStrict: boolean, clock: Clock) {
    super();
    this.#reason = reason;
    this.#isStrict = isStrict;
    this.#warnings = new WarningReporter(clock, (warned) => this.emit('warning', warned));
    this.#warnings.warn(warning);
  }

  write(): boolean {
    this.#counters.refuse(this.#reason);
    if (this.#isStrict) failProcess();
    return false;
  }

  flush(): Promise<FlushResult> {
    return Promise.resolve({ finished: true, pending: 0 });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const records = this.#counters.stats().refused[this.#reason];
    const why = `nothing was started, because ${WHY[this.#reason]}`;
    if (records > 0) this.#warnings.warn(recordsLostAtClose(records, why), true);
    // A warning is emitted on the next tick: listeners hear the last one before this promise resolves.
    await new Promise<void>(nextTick);
  }

  stats(): Stats {
    return this.#counters.stats();
  }
}
