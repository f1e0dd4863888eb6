// Sends one test record through the stages that a transport uses. It is not retried, because the caller wants to know
// what is wrong now.

import { ANONYMOUS } from '../credentials/types';
import { isProxied } from '../http/no-proxy';
import type { Options } from '../options/schema';
import { systemClock } from '../runtime/clock';
import { networkOf } from '../shipper/network';
import { loadTarget } from '../targets/load';
import type { Outcome } from '../targets/outcome';
import { clockWrong, lz4Unavailable } from '../telemetry/warning-catalogue';
import { batchOf, recordOf } from './probe-batch';
import { namesAtService } from './sample-fields';
import { openSingleRequests } from './single-requests';

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

/** Returns the names that a record's level and message have at the service. */
export function sentNames(options: Options): { readonly level: string; readonly message: string } {
  return namesAtService(
    options,
    loadTarget(options, () => ANONYMOUS),
  );
}

/** Sends a record with a time, a level and this message. */
export async function probe(options: Options, message: string): Promise<Probe> {
  const remarks: string[] = [];
  const { target, sender, close } = openSingleRequests(options, {
    onNoKey: (reason) => remarks.push(reason),
    onClockOff: (aheadMs) => remarks.push(clockWrong(aheadMs).message),
  });
  const batch = batchOf(recordOf(options, message), options, target, (reason) =>
    remarks.push(lz4Unavailable(reason).message),
  );
  const beganMs = systemClock.monotonicMs();
  try {
    const { outcome } = await sender.make(batch, new AbortController().signal);
    return { outcome, tookMs: systemClock.monotonicMs() - beganMs, remarks };
  } finally {
    await close();
  }
}
