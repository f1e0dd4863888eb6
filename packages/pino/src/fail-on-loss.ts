// Sets the exit code 1 for a process that lost records, with transports in the worker of pino.
//
// A worker thread cannot set the exit code of its process. pino loads our package in its worker only. So the
// application asks for the exit code in its own thread:
//
//   1. Before the worker closes, it posts the number of lost records to a channel of all threads of the process.
//   2. At the end of the process pino's listener blocks until the worker has closed.
//   3. Our listener runs after it and reads the channel. In Node that needs no event loop. Where it does, `failOnLoss`
//      throws at the start.

import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';
import { lostIn, type Stats } from '@putlogs/core';
import { lossNotSeen } from './errors';
import { type PinoLogger, streamsOf, type TransportStream } from './streams';

const CHANNEL = 'putlogs:lost';
const PROBE = 'putlogs:probe';
const LOST_RECORDS = 1;

/** Called when a transport has closed. */
export function reportLoss(stats: Stats): void {
  const lost = lostIn(stats);
  if (lost === 0) return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(lost);
  channel.close();
}

let channel: BroadcastChannel | undefined;
let hasOneLost = false;
const watched = new Set<TransportStream>();

/**
 * Makes the exit code of the process 1 if a record was lost, dropped or refused, by any transport of @putlogs/pino in
 * this process. Without a loss, or if the application has set an exit code, nothing changes.
 *
 * @param logger a pino logger, or the result of `pino.transport(...)` or of `await transport(...)`
 * @throws PutlogsError `ERR_PUTLOGS_WORKER` if it has no transport of @putlogs/pino; or if it has one in a worker, and
 * this runtime cannot read the worker's last message at the end of the process (Bun, Deno)
 */
export function failOnLoss(logger: PinoLogger): void {
  const streams = streamsOf(logger);
  if (streams.some(({ stats }) => stats === undefined) && !readsAtOnce()) throw lossNotSeen();
  if (channel === undefined) {
    channel = new BroadcastChannel(CHANNEL);
    channel.unref();
  }
  for (const stream of streams) {
    watched.add(stream);
    stream.once('close', () => {
      hasOneLost ||= hasLost(stream);
      watched.delete(stream);
    });
    // pino adds its own listener when the worker is ready, and ours has to come after it.
    if (stream.ready === false) stream.once('ready', listenLast);
  }
  listenLast();
}

/** Whether a broadcast can be read without a turn of the event loop. There is none at the end of the process. */
function readsAtOnce(): boolean {
  const [from, to] = [new BroadcastChannel(PROBE), new BroadcastChannel(PROBE)];
  try {
    from.postMessage(true);
    return receiveMessageOnPort(to as never) !== undefined;
  } catch {
    return false;
  } finally {
    from.close();
    to.close();
  }
}

function listenLast(): void {
  process.off('exit', failIfLost);
  process.on('exit', failIfLost);
}

function failIfLost(): void {
  const isLost = hasOneLost || isReported() || [...watched].some(hasLost);
  if (isLost && !process.exitCode) process.exitCode = LOST_RECORDS;
}

function isReported(): boolean {
  return channel !== undefined && receiveMessageOnPort(channel as never) !== undefined;
}

/** A transport in this thread, or a worker that ended with an error and so reported nothing. */
function hasLost({ stats, writableErrored }: TransportStream): boolean {
  return stats === undefined ? writableErrored != null : lostIn(stats()) > 0;
}
