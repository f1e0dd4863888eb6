// What a program, or a person with NODE_DEBUG=putlogs, can watch: node's diagnostics channels, one for each event.
//
// Takes: an event and how to describe it. Gives: it to the subscribers of its channel, in the thread it happened in,
// and to stderr in debug mode. Keeps: nothing. Never: the cost of a description that nobody reads; never a secret.

import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { DropReason } from './counters';

export interface DiagnosticEvents {
  /** The service has acknowledged a batch. */
  'batch.delivered': { packId: string; records: number; rawBytes: number; wireBytes: number; requestId: string };
  /** A batch was not taken, and is sent again after `delayMs`. */
  'batch.retry': { packId: string; records: number; kind: 'retry' | 'hold'; code: string; delayMs: number };
  /** Accepted records are lost. */
  'records.dropped': { reason: DropReason; records: number };
  /** A worker thread of ours is gone; so many records are known to be lost; the next one starts after `delayMs`. */
  'worker.gone': { reason: string; records: number; delayMs: number };
}
export type DiagnosticEvent = keyof DiagnosticEvents;

const CHANNELS = {
  'batch.delivered': channel('putlogs:batch.delivered'),
  'batch.retry': channel('putlogs:batch.retry'),
  'records.dropped': channel('putlogs:records.dropped'),
  'worker.gone': channel('putlogs:worker.gone'),
} satisfies Record<DiagnosticEvent, unknown>;

const debug = debuglog('putlogs');

/** @param describe called only where somebody watches; each event carries the name of its instance, too. */
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
