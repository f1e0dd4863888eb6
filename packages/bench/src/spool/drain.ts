// Draining a spool: batches per second from disk, compared with the same lane and network stub and batches in memory.

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

export interface DrainRow {
  readonly bytes: number;
  readonly perSecondDisk: number;
  readonly perSecondMemory: number;
  readonly ratio: number;
}

export async function measureDrain(port: number): Promise<DrainRow[]> {
  const rows: DrainRow[] = [];
  for (const bytes of SIZES) {
    const count = Math.min(MOST_BATCHES, Math.floor(TURN_BYTES / bytes));
    const batches = Array.from({ length: count }, (_, i) => batchOf(i + 1, i, 1, bytes - 100, true));
    let [disk, memory] = [0, 0];
    for (let turn = 0; turn < TURNS; turn += 1) {
      memory = Math.max(memory, await perSecond(batches, port, false));
      disk = Math.max(disk, await perSecond(batches, port, true));
    }
    rows.push({ bytes: batches[0]!.body.length, perSecondDisk: disk, perSecondMemory: memory, ratio: disk / memory });
  }
  return rows;
}

export async function perSecond(batches: readonly SealedBatch[], port: number, onDisk: boolean): Promise<number> {
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
    attempt: (unit) => post(agent, port, unit.batch),
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

function post(agent: Agent, port: number, batch: SealedBatch): Promise<{ kind: 'delivered'; requestId: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': batch.body.length, 'x-check': 'no' };
    const sent = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ kind: 'delivered', requestId: '' }));
    });
    sent.on('error', reject);
    sent.end(batch.body);
  });
}
