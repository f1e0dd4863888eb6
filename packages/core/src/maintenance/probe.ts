// Sends one test record through the stages that a transport uses. It is not retried, because the caller wants to know
// what is wrong now.

import { Batcher } from '../batch/batcher';
import { codecOf, compressor } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import { SizeLimit } from '../batch/size-limit';
import { ANONYMOUS } from '../credentials/types';
import { BatchSender } from '../delivery/batch-sender';
import { isProxied } from '../http/no-proxy';
import type { Options } from '../options/schema';
import { systemClock } from '../runtime/clock';
import { createEncoder } from '../shipper/encoder';
import { networkOf } from '../shipper/network';
import { createSigner } from '../shipper/signer';
import { loadTarget } from '../targets/load';
import type { Outcome } from '../targets/outcome';
import type { Target } from '../targets/target';
import { clockWrong, lz4Unavailable } from '../telemetry/warning-catalogue';

export interface Probe {
  readonly outcome: Outcome;
  readonly tookMs: number;
  /** Remarks: a wrong clock, credentials that are missing, LZ4 that cannot be loaded. */
  readonly remarks: readonly string[];
}

/** Returns where requests go: scheme, host and port, whether through a proxy, and the destination without secrets. */
export function placeOf(options: Options): {
  readonly origin: string;
  readonly isProxied: boolean;
  readonly destination: Readonly<Record<string, string>>;
} {
  const { origin, destination } = loadTarget(options, () => ANONYMOUS);
  const { proxy, noProxy } = networkOf(options);
  return { origin, isProxied: proxy !== undefined && isProxied(new URL(origin), noProxy), destination };
}

export async function probe(options: Options, record: string): Promise<Probe> {
  const clock = systemClock;
  const remarks: string[] = [];
  const { credentials, target } = createSigner(options, clock);
  credentials.listen({ renewed: () => {}, failed: (problem) => remarks.push(problem) });
  const attempts = new BatchSender({
    target,
    credentials,
    clock,
    connections: 1,
    timeoutMs: options.requestTimeoutMs,
    network: networkOf(options),
    onRequest: () => {},
    onClockOff: (aheadMs) => remarks.push(clockWrong(aheadMs).message),
  });
  const batch = batchOf(record, options, target, (reason) => remarks.push(lz4Unavailable(reason).message));
  const beganMs = clock.monotonicMs();
  try {
    const { outcome } = await attempts.make(batch, new AbortController().signal);
    return { outcome, tookMs: clock.monotonicMs() - beganMs, remarks };
  } finally {
    credentials.close();
    await attempts.close();
  }
}

function batchOf(record: string, options: Options, target: Target, onNoLz4: (reason: string) => void): SealedBatch {
  let sealed: SealedBatch | undefined;
  const batcher = new Batcher({
    ...createEncoder(options, target, systemClock),
    maxBytes: options.batch.maxBytes,
    size: new SizeLimit(options.batch, systemClock),
    lingerMs: options.lingerMs,
    clock: systemClock,
    compress: compressor(codecOf(options.compression), onNoLz4),
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
