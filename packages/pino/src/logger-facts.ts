// Receives what pino says of the logger in front of a transport: the names of its levels, and its message key.
//
// pino 8.21 and later emits this on the stream of each new logger:
//
//   { code: 'PINO_CONFIG', config: { levels: { values, labels }, messageKey, errorKey } }
//
// In the application's thread that stream is ours. In pino's worker the message arrives at the port of the thread.
// `expectPinoConfig` of pino-abstract-transport reads the same message, but returns its stream only then. It may never
// arrive: pino sends it for a logger, and a stream may be added to a `pino.multistream`, or written to, without one.
// All records would then stay in pino's ring, and be lost at the end of the process. So our transport starts without
// the message, and learns the names before the first record that needs them:
//
//   1. A logger is usually created at once: its message waits when the worker starts. Two turns of the event loop,
//      before pino has the stream, deliver it.
//   2. For a later logger the application's thread sends the message, then writes the first record to the ring. The
//      worker may see the ring before its event loop delivers the message. So each chunk first reads the port, which is
//      synchronous, until a configuration was received.
//
// The first listener starts the port. A target that starts later would miss the configuration and, if it waits for it,
// would never start. So the configuration is delivered again and again until the first chunk shows that all targets
// have started.

import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type LineStream, type LoggerFacts, systemClock } from '@putlogs/core';
import { hasOtherTargets, levelsOfTargets, pinoPort, willSendConfig } from './pino-worker';

const FIRST_DELAY_MS = 5;
/** The port of Deno cannot be read so, and `emit` of Bun's port passes on nothing. */
const canReadPort = process.versions['bun'] === undefined && process.versions['deno'] === undefined;

/** The transports in pino's worker. */
const lines = new Set<Pick<LineStream, 'learn'>>();
/** What the loggers said until now, for a transport that starts later. */
let known: LoggerFacts | undefined;
let isStarting = true;

/** Passes what pino says to the transport, now and later. Resolves when pino may have the stream. */
export async function learnFromLogger(line: LineStream): Promise<void> {
  const { stream } = line;
  // In the application's thread. `pino.multistream` passes it on.
  stream.on('message', (message) => {
    const facts = factsOf(message);
    if (facts !== undefined) line.learn(facts);
  });
  const port = pinoPort();
  if (port === undefined) return;
  const levels = numbersIn(levelsOfTargets());
  if (levels !== undefined) line.learn({ levels });
  if (!willSendConfig()) return;
  if (known !== undefined) line.learn(known);
  if (lines.size === 0) listen(port);
  lines.add(line);
  noticeChunks(stream, port);
  // One turn may already be past the point at which messages are delivered.
  for (let turns = 0; turns < 2 && known === undefined; turns += 1) await nextTurn();
}

function listen(port: MessagePort): void {
  port.on('message', (message) => {
    const facts = factsOf(message);
    if (facts === undefined) return;
    if (known === undefined && hasOtherTargets()) repeat(port, message, FIRST_DELAY_MS);
    known = { ...facts, levels: { ...known?.levels, ...facts.levels } };
    for (const line of lines) line.learn(facts);
  });
}

/** The delay doubles, so that an application that never logs is not busy. */
function repeat(port: MessagePort, message: unknown, delayMs: number): void {
  systemClock.after(delayMs, false, () => {
    if (!isStarting) return;
    port.emit('message', message);
    repeat(port, message, 2 * delayMs);
  });
}

function noticeChunks(stream: Writable, port: MessagePort): void {
  const write = stream._write;
  stream._write = (chunk, encoding, done) => {
    isStarting = false;
    if (known === undefined && canReadPort) readAll(port);
    if (known !== undefined) stream._write = write;
    write.call(stream, chunk, encoding, done);
  };
}

/** Delivers the messages that were sent before the chunk, in their order, to all listeners. */
function readAll(port: MessagePort): void {
  for (;;) {
    const next = receiveMessageOnPort(port) as { message: unknown } | undefined;
    if (next === undefined) return;
    port.emit('message', next.message);
  }
}

function factsOf(message: unknown): LoggerFacts | undefined {
  const { code, config } = (message ?? {}) as { code?: unknown; config?: Record<string, unknown> | null };
  if (code !== 'PINO_CONFIG') return undefined;
  const levels = numbersIn((config?.['levels'] as { values?: unknown } | undefined)?.values);
  const messageKey = config?.['messageKey'];
  return { levels: levels ?? {}, messageKey: typeof messageKey === 'string' ? messageKey : undefined };
}

function numbersIn(value: unknown): Record<string, number> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const numbers = Object.entries(value).filter(([, number]) => typeof number === 'number');
  return Object.fromEntries(numbers) as Record<string, number>;
}
