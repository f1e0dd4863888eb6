// Draining a spool: batches per second from disk, compared with the same lane and network stub and batches in memory.
//
// A stub that answers at once shows what the reading costs. One that answers after `ANSWER_MS`, as a service does,
// shows what a user sees: the next batch is read while one is in flight.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import { DeliveryQueue } from '@putlogs/core/internal/delivery/queue';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import { batchOf, journalIn, TARGET } from './batches';

const SIZES = [300, 64 * 1024, 1024 * 1024];
const TURNS = 7;
const TURN_BYTES = 64 * 1024 * 1024;
const MOST_BATCHES = 2000;
const ANSWER_MS = 5;
/** So many batches take seconds at one answer for each `ANSWER_MS`. */
const MOST_DELAYED_BATCHES = 200;

export interface DrainRow {
  readonly bytes: number;
  readonly answerMs: number;
  readonly perSecondDisk: number;
  readonly perSecondMemory: number;
  readonly ratio: number;
}

export async function measureDrain(port: number): Promise<DrainRow[]> {
  const rows: DrainRow[] = [];
  for (const answerMs of [0, ANSWER_MS]) {
    for (const bytes of SIZES) {
      const most = answerMs === 0 ? MOST_BATCHES : MOST_DELAYED_BATCHES;
      const count = Math.min(most, Math.floor(TURN_BYTES / bytes));
      const batches = Array.from({ length: count }, (_, i) => batchOf(i + 1, i, 1, bytes - 100, true));
      let [disk, memory] = [0, 0];
      for (let turn = 0; turn < TURNS; turn += 1) {
        memory = Math.max(memory, await perSecond(batches, { port, answerMs }, false));
        disk = Math.max(disk, await perSecond(batches, { port, answerMs }, true));
      }
      const bodyBytes = batches[0]!.body.length;
      rows.push({ bytes: bodyBytes, answerMs, perSecondDisk: disk, perSecondMemory: memory, ratio: disk / memory });
    }
  }
  return rows;
}

interface Stub {
  readonly port: number;
  /** How long it takes to answer. */
  readonly answerMs: number;
}

export async function perSecond(batches: readonly SealedBatch[], stub: Stub, onDisk: boolean): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-drain-'));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const fail = (what: unknown) => {
    throw new Error(`the spool failed: ${JSON.stringify(what)}`);
  };
  const queue = new DeliveryQueue({
    counters: new Counters(),
    clock: systemClock,
    reframing: { frame: TARGET.frame, readTail: TARGET.readTail, compress: (body) => ({ codec: 'none', body }) },
    mode: 'overflow',
    // Batches are not joined, so that there are as many requests as from memory.
    joinLimits: () => ({ maxBytes: 0, maxCount: 1 }),
    mayRead: () => true,
    beforeDisk: () => {},
    onDiskFailure: fail,
    onDropped: fail,
    onDrained: () => {},
  });
  const own = onDisk ? journalIn(dir, 2 ** 40) : undefined;
  if (own !== undefined) queue.useSpool(own);
  const lane = new Lane({
    concurrency: 1,
    clock: systemClock,
    gate: new Gate({ concurrency: 1, backoff: { baseMs: 1, maxMs: 1 }, clock: systemClock }),
    next: () => queue.next(),
    prefetch: () => queue.prefetch(),
    attempt: (unit) => post(agent, stub, unit.batch),
    onDelivered: (unit) => queue.finish(unit, 'delivered'),
    onRefused: () => undefined,
    onRetry: () => {},
  });
  for (const batch of batches) queue.push(batch);
  if (onDisk) {
    queue.spill();
    queue.makeRoom();
  }
  const start = process.hrtime.bigint();
  lane.pull();
  await queue.finished();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  own?.journal.close();
  agent.destroy();
  rmSync(dir, { recursive: true });
  return batches.length / seconds;
}

type Delivered = { readonly kind: 'delivered'; readonly requestId: string };

function post(agent: Agent, { port, answerMs }: Stub, batch: SealedBatch): Promise<Delivered> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': batch.body.length, 'x-check': 'no', 'x-answer-ms': answerMs };
    const sent = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ kind: 'delivered', requestId: '' }));
    });
    sent.on('error', reject);
    sent.end(batch.body);
  });
}
