// Hours in which everything that can go wrong does: `npm run soak -- --minutes 20 [--seed 1] [--rate 300]`.
//
// A service that fails in turns, three applications on one spool directory, of which two are killed and ended at
// random and started again, and one is left alone, so that its memory and descriptors can be watched. At the end
// the ledger is compared with what the applications said. Exit code 0 only if every promise was kept.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startChild } from '../support/child';
import { REGION, TOPIC_ID } from '../support/emulator';
import { POISON } from './application';
import { type Arrived, judge } from './judge';
import { Lives } from './life';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    rate: { type: 'string', default: '300' },
  },
});
const minutes = Number(values.minutes);
const recordsPerSecond = Number(values.rate);
const seed = Number(values.seed);

const LINGER_MS = 500;
/** Sealed and on disk by then: lingering, and the thread's hop on a machine that is busy. */
const GRACE_MS = LINGER_MS + 1500;
const POISON_EVERY = 4001;
const PAGE = 10_000;
const SAMPLE_MS = 5000;

/** mulberry32: a run can be repeated by its seed. */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const between = (from: number, to: number) => from + random() * (to - from);
function oneOf<T>(choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)]!;
}

type Rule = Record<string, unknown>;
const POISONED: Rule = { match: { contains: POISON }, code: 'InvalidArgument' };
const FAULTS: Record<string, () => Rule[]> = {
  outage: () => [{ status: 503 }],
  throttling: () => [{ code: 'ExceedQPSLimit', headers: { 'retry-after': '1' } }],
  resets: () => [{ resetAfterBytes: Math.floor(between(0, 3000)) }],
  silence: () => [{ swallow: 'before' }],
  'lost answers': () => [{ swallow: 'after', times: 5 }],
  'slow answers': () => [{ delayMs: Math.floor(between(200, 2500)) }],
  'wrong key': () => [{ code: 'SignatureDoesNotMatch' }],
  flapping: () => [
    { match: { nth: 1 }, status: 500 },
    { match: { nth: 3 }, status: 500 },
    { match: { nth: 5 }, swallow: 'after' },
  ],
  'small requests': () => [{ maxRequestBytes: 2000 }],
};

async function soak(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-soak-'));
  const service = startChild(join(__dirname, '../../../packages/emulator/bin/putlogs-emulator.js'), {
    args: ['--port', '0', '--shards', '4'],
    timeoutMs: 24 * 3_600_000,
  });
  const { url } = JSON.parse(await service.line('"url"')) as { url: string };
  const faults = (rules: Rule[]) => put(`${url}/_emulator/faults`, [...rules, POISONED]);
  const env = {
    PUTLOGS_ENDPOINT: url,
    PUTLOGS_REGION: REGION,
    PUTLOGS_TOPIC_ID: TOPIC_ID,
    PUTLOGS_LINGER_MS: String(LINGER_MS),
    PUTLOGS_RETRY_MAX_MS: '3000',
    PUTLOGS_REQUEST_TIMEOUT_MS: '2000',
    PUTLOGS_SPOOL_DIR: join(dir, 'spool'),
    PUTLOGS_SPOOL_MODE: 'always',
    VOLCENGINE_ACCESS_KEY_ID: 'demo',
    VOLCENGINE_ACCESS_KEY_SECRET: 'demo-secret',
  };
  const applications = (['pino', 'winston', 'core'] as const).map(
    (by) => new Lives({ by, instance: `soak-${by}`, recordsPerSecond, poisonEvery: POISON_EVERY }, env),
  );
  const [mortal, left, other] = applications as [Lives, Lives, Lives];
  print(`soak: ${minutes} minutes, 3 applications of ${recordsPerSecond} records/s, seed ${seed}`);
  await faults([]);
  for (const application of applications) application.start();

  const endMs = performance.now() + minutes * 60_000;
  const counts: Record<string, number> = {};
  let nextWordMs = 0;
  const sampling = setInterval(() => {
    for (const application of applications) application.sample();
  }, SAMPLE_MS);
  while (performance.now() < endMs) {
    await pause(between(1000, 6000));
    const fault = oneOf(Object.keys(FAULTS));
    counts[fault] = (counts[fault] ?? 0) + 1;
    await faults(FAULTS[fault]!());
    await pause(between(300, fault === 'outage' ? 15_000 : 5000));
    const victim = oneOf([mortal, other]);
    const how = oneOf(['kill', 'kill', 'exit', 'none', 'none'] as const);
    if (how !== 'none') {
      counts[how] = (counts[how] ?? 0) + 1;
      await victim.end(how);
      await pause(between(0, 1500));
    }
    await faults([]);
    if (!victim.running) victim.start();
    if (performance.now() > nextWordMs) {
      nextWordMs = performance.now() + 60_000;
      const stats = (await (await fetch(`${url}/_emulator/stats`)).json()) as { logs: number };
      print(`  ${Math.round((endMs - performance.now()) / 60_000)} minutes left, ${stats.logs} records have arrived`);
    }
  }
  await faults([]);
  clearInterval(sampling);
  for (const application of applications) await application.end('exit');
  // What a life that was ended at the last moment has left: each instance comes back once more for it.
  for (const application of applications) await application.comeBack();

  const logs = await ledger(url);
  let kept = true;
  print(`\n  faults ${JSON.stringify(counts)}`);
  for (const application of applications) {
    const verdict = judge(application.instance, application.lives, logs, POISON_EVERY, GRACE_MS);
    const { lost, duplicatedWrongly, reordered, altered, hashKeys } = verdict;
    if (lost + duplicatedWrongly + reordered + altered > 0 || hashKeys !== 1) kept = false;
    const { differences, ...figures } = verdict;
    print(`  ${application.instance} (${application.lives.length} lives) ${JSON.stringify(figures)}`);
    for (const difference of differences) print(`    ${difference}`);
  }
  print(`  left alone for ${minutes} minutes, ${left.instance}: ${memoryOf(left)}`);
  for (const application of applications) {
    print(
      `  event-loop delay p99 of ${application.instance}: median ${median(application.loopDelaysMs)} ms, worst ${Math.max(...application.loopDelaysMs)} ms`,
    );
  }
  const waiting = readdirSync(join(dir, 'spool'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.batch'),
  );
  if (waiting.length > 0) kept = false;
  print(`  batches left on disk: ${waiting.length}`);
  service.kill('SIGTERM');
  await service.ended;
  rmSync(dir, { recursive: true });
  print(kept ? '\nsoak: every promise was kept' : '\nsoak: A PROMISE WAS BROKEN');
  return kept;
}

async function put(address: string, body: unknown): Promise<void> {
  const { ok, status } = await fetch(address, { method: 'PUT', body: JSON.stringify(body) });
  if (!ok) throw new Error(`PUT ${address}: ${status}`);
}

async function ledger(url: string): Promise<Arrived[]> {
  const all: Arrived[] = [];
  for (let after = 0; ; ) {
    const page = await (await fetch(`${url}/_emulator/logs?after=${after}&limit=${PAGE}`)).json();
    const { logs, next } = page as { logs: Arrived[]; next: number };
    if (logs.length === 0) return all;
    all.push(...logs.map(({ packId, hashKey, contents }) => ({ packId, hashKey, contents })));
    after = next;
  }
}

/**
 * Of the first and the last third of the time: what leaks grows from one to the other. So does a heap that takes its
 * size from its busiest moment; but that stops, so there is also the slope of the second half.
 */
function memoryOf({ samples }: Lives): string {
  const third = Math.ceil(samples.length / 3);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const mib = (part: typeof samples) => Math.round(median(part.map(({ rssBytes }) => rssBytes)) / 2 ** 20);
  const open = (part: typeof samples) => median(part.map(({ descriptors }) => descriptors));
  const half = samples.slice(samples.length >> 1);
  const mibAnHour = slope(half.map(({ atMs, rssBytes }) => [atMs / 3_600_000, rssBytes / 2 ** 20]));
  const descriptorsAnHour = slope(half.map(({ atMs, descriptors }) => [atMs / 3_600_000, descriptors]));
  return [
    `memory ${mib(first)} -> ${mib(last)} MiB, descriptors ${open(first)} -> ${open(last)} (medians of the first and last third)`,
    `in the second half ${mibAnHour.toFixed(0)} MiB and ${descriptorsAnHour.toFixed(1)} descriptors an hour`,
  ].join('; ');
}

/** Of the line through the points, by least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const product = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return product / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

void soak().then((kept) => {
  process.exitCode = kept ? 0 : 1;
});
