// Finds the transports of @putlogs/pino behind a logger: in pino's worker, in this thread, or among several streams.
//
// pino keeps the stream of a logger under a symbol of its own. Its description is looked for, because the application's
// copy of pino may be another one than ours.

import type { EventEmitter } from 'node:events';
import type { Stats } from '@putlogs/core';
import { notOurs } from './errors';

/** A pino logger or a child of one, or the stream that `pino.transport` or `transport` returned. */
export type PinoLogger = object;

/** The stream of pino's worker (thread-stream), or ours in this thread. */
export interface TransportStream extends EventEmitter {
  /** Only of ours. */
  stats?: () => Stats;
  /** Of thread-stream. */
  readonly worker?: unknown;
  readonly ready?: boolean;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly writableErrored?: unknown;
}

/** The description of pino's symbol. */
const STREAM = 'pino.stream';

/** @throws PutlogsError `ERR_PUTLOGS_WORKER` if there is none */
export function streamsOf(logger: PinoLogger): TransportStream[] {
  const streams = candidates(logger).filter(mayBeOurs);
  if (streams.length === 0) throw notOurs();
  return streams;
}

/** The stream of a logger, or those of its multistream. */
function candidates(given: unknown): unknown[] {
  if (typeof given !== 'object' || given === null) return [];
  const stream = streamOf(given) ?? given;
  const { streams } = stream as { streams?: unknown };
  // pino.multistream in the application's thread.
  if (Array.isArray(streams)) return streams.map((entry: { stream?: unknown }) => entry?.stream);
  return [stream];
}

/** A child logger has its parent as prototype. */
function streamOf(logger: object): unknown {
  for (let at: object | null = logger; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const symbol = Object.getOwnPropertySymbols(at).find(({ description }) => description === STREAM);
    if (symbol !== undefined) return (at as Record<symbol, unknown>)[symbol];
  }
  return undefined;
}

function mayBeOurs(stream: unknown): stream is TransportStream {
  if (typeof stream !== 'object' || stream === null) return false;
  const { stats, worker, emit } = stream as Partial<TransportStream>;
  return typeof emit === 'function' && (typeof stats === 'function' || worker !== undefined);
}
