// Publishes events to Node's diagnostics channels, one for each event, and to stderr with NODE_DEBUG=putlogs.
//
// An event is published in the thread in which it happened. It is described only if there is a subscriber. No event
// contains a secret. Text from outside is cleaned before (delivery/batch-sender.ts).

import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { DropReason } from './counters';

export interface DiagnosticEvents {
  /** The service has acknowledged a batch. */
  'batch.delivered': { packId: string; records: number; rawBytes: number; wireBytes: number; requestId: string };
  /** A batch was not delivered. It is sent again after `delayMs`. */
  'batch.retry': { packId: string; records: number; kind: 'retry' | 'hold'; code: string; delayMs: number };
  /** Accepted records are lost. */
  'records.dropped': { reason: DropReason; records: number };
  /** A worker thread has ended. `records` are known to be lost. The next one starts after `delayMs`. */
  'worker.gone': { reason: string; records: number; delayMs: number };
}
type DiagnosticEvent = keyof DiagnosticEvents;

const CHANNELS = {
  'batch.delivered': channel('putlogs:batch.delivered'),
  'batch.retry': channel('putlogs:batch.retry'),
  'records.dropped': channel('putlogs:records.dropped'),
  'worker.gone': channel('putlogs:worker.gone'),
} satisfies Record<DiagnosticEvent, unknown>;

const debug = debuglog('putlogs');

/** @param describe called only if there is a subscriber; the name of the instance is added */
export function publish<Event extends DiagnosticEvent>(
  event: Event,
  instance: string,
  describe: () => DiagnosticEvents[Event],
): void {
  const { hasSubscribers } = CHANNELS[event];
  if (!hasSubscribers && !debug.enabled) return;
  const message = { instance, ...describe() };
  if (hasSubscribers) CHANNELS[event].publish(message);
  debug('%s %j', event, message);
}
