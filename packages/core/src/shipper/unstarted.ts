// Stands in for a shipper that could not start, in a thread whose errors would end the application: pino's worker.
//
// It reports the error once, refuses every record and counts it. The application goes on without its logs, because it
// must not end for them.

import { EventEmitter } from 'node:events';
import { messageOf } from '../errors';
import { INPUT_BYTES } from '../record/memory-layout';
import { type Clock, systemClock } from '../runtime/clock';
import type { FlushResult, Shipper, ShipperEvents } from '../sink';
import { Counters, type Stats } from '../telemetry/counters';
import { notStarted, recordsLostAtClose } from '../telemetry/warning-catalogue';
import { WarningReporter } from '../telemetry/warnings';
import { Lines } from './line-splitter';
import { type LineStream, lineStream } from './line-stream';

/** Only the number of lines is needed. */
const SHORT_LINE_BYTES = 64;

/** @param error why nothing was started */
export function unstartedLineStream(error: unknown, clock: Clock = systemClock): LineStream {
  const shipper = new Unstarted(error, clock);
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

class Unstarted extends EventEmitter<ShipperEvents> implements Shipper {
  readonly #counters = new Counters();
  readonly #warnings: WarningReporter;
  #closing: Promise<void> | undefined;

  constructor(error: unknown, clock: Clock) {
    super();
    this.#warnings = new WarningReporter(clock, (warning) => this.emit('warning', warning));
    this.#warnings.warn(notStarted(messageOf(error)));
  }

  write(): boolean {
    this.#counters.refuse('options');
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
    const records = this.#counters.stats().refused.options;
    const why = 'nothing was started, because the options are wrong';
    if (records > 0) this.#warnings.warn(recordsLostAtClose(records, why), true);
    // A warning is emitted on the next tick: listeners hear the last one before this promise resolves.
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  stats(): Stats {
    return this.#counters.stats();
  }
}
