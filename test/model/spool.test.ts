// The spool on a disk that fails, tears writes, loses power, and stops at any operation.
//
// Whatever happens: what was said to be spooled and was not taken away is found by the next run, the bytes it finds
// are those that were put in, and a file that is not whole is never taken for a batch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { Spool, type SpoolEntry } from '@putlogs/core/internal/spool/directory';
import { type Owner, ownIdentity } from '@putlogs/core/internal/spool/owner';
import fc from 'fast-check';
import { Crash, Disk, type Fault } from '../support/spool-disk';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const DEAD: Owner = { ...ownIdentity(), startTicks: 'never' };

function batchOf(firstRecord: number, bytes: number): SealedBatch {
  const body = Buffer.alloc(bytes, `${firstRecord},`);
  const count = 1 + (firstRecord % 7);
  return {
    firstRecord,
    packId: 'P',
    hashKey: '',
    count,
    rawBytes: bytes,
    entriesFrom: 0,
    entriesTo: bytes,
    codec: 'none',
    body,
  };
}

interface Run {
  readonly disk: Disk;
  readonly fsync: boolean;
  nowMs: number;
  nextRecord: number;
  /** What must be found again: said to be spooled, and not taken away. */
  readonly kept: Map<number, SealedBatch>;
  /** What may be found: it was begun to be put or taken away when the run ended. */
  readonly maybe: Map<number, SealedBatch>;
}

type Step = { readonly do: 'put'; readonly bytes: number } | { readonly do: 'remove' } | { readonly do: 'read' };

/** One process's life: it adopts, then does the steps, until the disk crashes it or the steps end. */
function live(run: Run, steps: readonly Step[]): void {
  run.nowMs += 1000;
  const spool = new Spool({
    dir: '/spool',
    maxBytes: 1e9,
    fsync: run.fsync,
    destination: 'd',
    instance: 'i',
    wallMs: () => run.nowMs,
    fs: run.disk.fs,
    owner: DEAD,
  });
  const entries: SpoolEntry[] = [];
  try {
    if (spool.open() !== undefined) return;
    const adopted = spool.adopt();
    if (Array.isArray(adopted)) entries.push(...adopted);
    for (const step of steps) doStep(run, spool, entries, step);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
}

function doStep(run: Run, spool: Spool, entries: SpoolEntry[], step: Step): void {
  if (step.do === 'put') {
    const batch = batchOf(run.nextRecord, step.bytes);
    run.nextRecord += batch.count;
    run.maybe.set(batch.firstRecord, batch);
    const result = spool.put(batch, () => false);
    if (result.kind !== 'spooled') return;
    run.maybe.delete(batch.firstRecord);
    run.kept.set(batch.firstRecord, batch);
    entries.push(result.entry);
    return;
  }
  const entry = entries[0];
  if (entry === undefined) return;
  const batch = run.kept.get(entry.firstRecord) ?? run.maybe.get(entry.firstRecord);
  if (step.do === 'read') {
    const result = spool.read(entry);
    if (result.kind === 'batch') assert.deepEqual(result.batch, batch);
    return;
  }
  run.kept.delete(entry.firstRecord);
  run.maybe.set(entry.firstRecord, batch!);
  entries.shift();
  spool.remove(entry);
}

/** The next process, on a disk that does as it is told: what does it find? */
function assertFound(run: Run): void {
  run.nowMs += 1000;
  const options = {
    dir: '/spool',
    maxBytes: 1e9,
    fsync: true,
    destination: 'd',
    instance: 'i',
    wallMs: () => run.nowMs,
    owner: DEAD,
  };
  const spool = new Spool({ ...options, fs: run.disk.fs });
  assert.equal(spool.open(), undefined);
  const entries = spool.adopt();
  assert.ok(Array.isArray(entries));
  const found = new Map<number, SealedBatch>();
  for (const entry of entries) {
    const result = spool.read(entry);
    // A power loss may leave a file that was never synced: it is seen for what it is.
    if (result.kind === 'damaged') continue;
    assert.ok(result.kind === 'batch', JSON.stringify(result));
    assert.equal(found.has(result.batch.firstRecord), false, 'a batch is found once');
    found.set(result.batch.firstRecord, result.batch);
  }
  const order = [...found.keys()];
  for (const [firstRecord, batch] of run.kept) assert.deepEqual(found.get(firstRecord), batch, `batch ${firstRecord}`);
  for (const [firstRecord, batch] of found) {
    assert.deepEqual(batch, run.kept.get(firstRecord) ?? run.maybe.get(firstRecord), `batch ${firstRecord}`);
  }
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
    'the oldest first',
  );
  assert.deepEqual(
    run.disk.files().filter((path) => path.endsWith('.tmp')),
    [],
    'nothing half-written is left',
  );
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), bytes: fc.nat({ max: 300 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'remove' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'read' } as const) },
);
const steps = fc.array(step, { maxLength: 8 });

function newRun(fsync: boolean): Run {
  return { disk: new Disk(), fsync, nowMs: 1e12, nextRecord: 0, kept: new Map(), maybe: new Map() };
}

test('killed at any operation, a run leaves all it said was spooled to the next', (t) => {
  let crashes = 0;
  const property = fc.property(
    fc.array(steps, { minLength: 1, maxLength: 3 }),
    fc.array(fc.nat({ max: 60 })),
    (lives, points) => {
      const run = newRun(false);
      for (const [i, life] of lives.entries()) {
        const at = run.disk.operations + (points[i] ?? 1e9);
        run.disk.plan = (operation) => (operation === at ? { kind: 'crash' } : undefined);
        live(run, life);
        if (run.disk.operations >= at) crashes += 1;
        run.disk.restart('kept');
      }
      assertFound(run);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 3000 });
  assert.ok(crashes > 1000);
  t.diagnostic(`${crashes} crashes, FUZZ_SEED=${SEED}`);
});

test('with fsync, nothing that was said to be spooled is lost with the power', (t) => {
  let crashes = 0;
  const property = fc.property(steps, fc.nat({ max: 120 }), (life, point) => {
    const run = newRun(true);
    run.disk.plan = (operation) => (operation === point ? { kind: 'crash' } : undefined);
    live(run, life);
    if (run.disk.operations >= point) crashes += 1;
    run.disk.restart('lost');
    // The owner's file may be gone with the power; the next run does not need it.
    assertFound(run);
  });
  fc.assert(property, { seed: SEED, numRuns: 3000 });
  assert.ok(crashes > 500);
  t.diagnostic(`${crashes} power losses, FUZZ_SEED=${SEED}`);
});

test('whatever fails, and however little of a write is taken, no batch is lost or changed', (t) => {
  let faults = 0;
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.constantFrom('ENOSPC', 'EIO', 'EMFILE', 'EROFS', 'EACCES').map((code) => ({ kind: 'error', code }) as const),
    fc.nat({ max: 20 }).map((bytes) => ({ kind: 'short', bytes: bytes + 1 }) as const),
  );
  const plan = fc.dictionary(fc.nat({ max: 80 }).map(String), fault, { maxKeys: 12 });
  const property = fc.property(steps, plan, (life, planned) => {
    const run = newRun(false);
    run.disk.plan = (operation, call) => {
      const due = planned[operation];
      // What fails to be closed or taken away does so on real disks, too; a short write is one.
      if (due === undefined || (due.kind === 'short' && call !== 'write')) return undefined;
      faults += 1;
      return due;
    };
    live(run, life);
    run.disk.restart('kept');
    assertFound(run);
  });
  fc.assert(property, { seed: SEED, numRuns: 3000 });
  assert.ok(faults > 1000);
  t.diagnostic(`${faults} faults, FUZZ_SEED=${SEED}`);
});
