// Sends the records in a spool whose processes have ended.

import type { Stats } from '../telemetry/counters';
import { type ReplayEnd, type ReplayParts, Resend } from './resend';

export interface SpoolReplay {
  readonly end: ReplayEnd;
  readonly stats: Stats;
}

/**
 * Delivers the batches of dead processes in `spool.dir` for the destination of these options, of any instance.
 * `spool.maxBytes` does not apply, so that no batch is deleted to make room for another.
 */
export async function replaySpool(parts: ReplayParts): Promise<SpoolReplay> {
  const spool = { ...parts.options.spool, maxBytes: Number.MAX_SAFE_INTEGER };
  const resend = new Resend({ ...parts, options: { ...parts.options, spool } }, 1);
  const end = await resend.finished();
  await resend.close();
  return { end, stats: resend.stats() };
}
