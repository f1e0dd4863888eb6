// Measures a start with a million batches of a killed process on disk, and checks that all arrive in order.
//
// The child is the application: `SPOOL_BENCH=worker|here <dir> <endpoint> <entries> <logged>`. It begins to measure
// before it creates the shipper. `here` has the shipper in the application's thread, so that the longest stall of the
// event loop is that of the shipper.
//
// Three children are compared: with the entries on disk (`full`), with nothing (`empty`), and with nothing on disk and
// as many records that it logs itself (`logging`). The last one shows what any work costs: a thread that does nothing
// keeps V8's young generation small.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createShipper, createWorkerShipper } from '@putlogs/core';
import { KEYS, REGION, TOPIC_ID } from '../contender';
import { batchOf, HASH_KEY, INSTANCE, journalIn } from './batches';

const FLAGS = { firstIndex: 0, mayBeSent: false, isPart: false };
const WRITES = 20_000;
/** How many records the child that logs as much keeps pending. */
const PENDING_RECORDS = 20_000;

export interface StartResult {
  readonly entries: number;
  readonly segments: number;
  readonly createMs: number;
  readonly longestStallMs: number;
  readonly rssMiB: number;
  readonly writeMicros: number;
  readonly recovered: number;
}

export interface StartRow {
  readonly full: StartResult;
  readonly empty: StartResult;
  readonly logging: StartResult;
  readonly arrived: { readonly records: number; readonly requests: number; readonly disorder: number };
  readonly drainSeconds: number;
}

export type Thread = 'worker' | 'here';

export async function measureStart(port: number, entries: number, thread: Thread): Promise<StartRow> {
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-start-'));
  try {
    const empty = await startIn(join(dir, 'empty'), port, thread, { entries: 0, logged: 0 });
    const logging = await startIn(join(dir, 'logging'), port, thread, { entries: 0, logged: entries });
    const { writer, journal } = journalIn(join(dir, 'full'), 2 ** 40);
    for (let n = 0; n < entries; n += 1) writer.append(batchOf(n + 1, n, 1, 60), FLAGS);
    writer.abandon();
    const segments = journal.segments.length;
    await ask(port, '/reset');
    const startMs = Date.now();
    const full = await startIn(join(dir, 'full'), port, thread, { entries, logged: 0 });
    const drainSeconds = (Date.now() - startMs) / 1000;
    return { full: { ...full, segments }, empty, logging, arrived: await ask(port, '/count'), drainSeconds };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** How many batches are on disk, and how many records the application logs in addition to those that are timed. */
interface Load {
  readonly entries: number;
  readonly logged: number;
}

function startIn(dir: string, port: number, thread: Thread, { entries, logged }: Load): Promise<StartResult> {
  const child = spawn(process.execPath, [__filename, dir, `http://127.0.0.1:${port}`, `${entries}`, `${logged}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SPOOL_BENCH: thread },
  });
  let out = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as StartResult);
      else reject(new Error(`the start ended with ${code}`));
    });
  });
}

function ask<Answer>(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      response.on('end', () => resolve(JSON.parse(text) as Answer));
    }).on('error', reject);
  });
}

async function application(dir: string, endpoint: string, thread: Thread, { entries, logged }: Load): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const startMs = performance.now();
  const shipper = (thread === 'worker' ? createWorkerShipper : createShipper)({
    target: 'volc-tls',
    endpoint,
    region: REGION,
    topicId: TOPIC_ID,
    credentials: { accessKeyId: KEYS.accessKeyId, accessKeySecret: KEYS.accessKeySecret },
    instance: INSTANCE,
    hashKey: HASH_KEY,
    batch: { maxCount: 4096 },
    spool: { dir },
  });
  const createMs = performance.now() - startMs;
  // Written while the journals are adopted and drained. These records have no numbers.
  const recordText = JSON.stringify({ n: -1, text: 'x'.repeat(60) });
  const writes: number[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const from = process.hrtime.bigint();
    for (let i = 0; i < WRITES / 20; i += 1) shipper.write(recordText);
    writes.push(Number(process.hrtime.bigint() - from) / 1000 / (WRITES / 20));
    await pause(5);
  }
  while (shipper.stats().recovered < entries) await pause(10);
  const rssMiB = process.memoryUsage.rss() / 1024 / 1024;
  const longestStallMs = delays.max / 1e6;
  let mostMiB = rssMiB;
  let left = logged;
  while (shipper.stats().delivered < entries + WRITES + logged) {
    mostMiB = Math.max(mostMiB, process.memoryUsage.rss() / 1024 / 1024);
    for (; left > 0 && shipper.stats().pending < PENDING_RECORDS; left -= 1000) {
      for (let i = 0; i < 1000; i += 1) shipper.write(recordText);
    }
    await pause(left > 0 ? 1 : 20);
  }
  const { recovered } = shipper.stats();
  await shipper.close();
  writes.sort((a, b) => a - b);
  const writeMicros = writes[writes.length >> 1]!;
  const segments = readdirSync(dir, { recursive: true }).length;
  const result = { entries, segments, createMs, longestStallMs, rssMiB: mostMiB, writeMicros, recovered };
  process.stdout.write(JSON.stringify(result));
}

const thread = process.env['SPOOL_BENCH'];
if ((thread === 'worker' || thread === 'here') && require.main === module) {
  const [dir, endpoint, entries, logged] = process.argv.slice(2);
  void application(dir!, endpoint!, thread, { entries: Number(entries), logged: Number(logged) });
}
