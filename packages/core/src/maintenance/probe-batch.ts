// A batch of one record, made by the stages that a transport uses.

import { Batcher } from '../batch/batcher';
import { codecOf, compressor } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import { SizeLimit } from '../batch/size-limit';
import type { Options } from '../options/schema';
import { systemClock } from '../runtime/clock';
import { createEncoder } from '../shipper/encoder';
import type { Target } from '../targets/target';

export function batchOf(
  record: string,
  options: Options,
  target: Target,
  onNoLz4: (reason: string) => void,
): SealedBatch {
  let sealed: SealedBatch | undefined;
  const batcher = new Batcher({
    ...createEncoder(options, target, systemClock),
    maxBytes: options.batch.maxBytes,
    size: new SizeLimit(options.batch, systemClock),
    lingerMs: options.lingerMs,
    clock: systemClock,
    compress: compressor(codecOf(options.compression), onNoLz4, options.compressionLevel),
    onBegun: () => {},
    onHeld: () => {},
    onSealed: (batch) => {
      sealed = batch;
    },
    onFailed: (_records, error) => {
      throw error;
    },
  });
  const bytes = Buffer.from(record);
  batcher.add(bytes, 0, bytes.length);
  batcher.seal();
  return sealed!;
}

/** A record with a time, a level and a message, by the names that the options give them, and with other fields. */
export function recordOf(
  { timeKey, levelKey, messageKey }: Options,
  message: string,
  others: Readonly<Record<string, unknown>> = {},
): string {
  const time = typeof timeKey === 'string' ? timeKey : timeKey[0]!;
  return JSON.stringify({ [time]: systemClock.wallMs(), [levelKey]: 30, ...others, [messageKey]: message });
}
