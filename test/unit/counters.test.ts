// The counters between two threads: a real worker counts while this thread reads.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { COUNTERS_BYTES, Counters, sumOf } from '@putlogs/core/internal/telemetry/counters';

const READINGS = 100_000;
/** Readings after which the counters have changed: enough for a wrong order to be seen, however slow the worker is. */
const MOVES = 2000;

test('at every reading no term is negative and no record is in two places, while another thread counts', async () => {
  const buffer = new SharedArrayBuffer(COUNTERS_BYTES);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const counters = new Counters(buffer);
  const worker = new Worker(join(__dirname, '../support/account-writer.js'), { workerData: { buffer, stop } });
  const ended = new Promise<number>((resolve, reject) => worker.on('error', reject).on('exit', resolve));
  let moved = 0;
  try {
    while (counters.read('accepted') === 0) await new Promise(setImmediate);
    let before = 0;
    for (let n = 0; n < READINGS || moved < MOVES; n += 1) {
      const { stats } = counters.reading();
      const lowest = Math.min(stats.pending, stats.spooled, stats.delivered, stats.recovered, sumOf(stats.dropped));
      if (lowest < 0) assert.fail(JSON.stringify(stats));
      if (stats.accepted > before) moved += 1;
      before = stats.accepted;
    }
  } finally {
    Atomics.store(stop, 0, 1);
  }
  assert.equal(await ended, 0);
  const { stats, inherited } = counters.reading();
  assert.equal(stats.pending, 0);
  assert.equal(stats.spooled, 0);
  assert.ok(inherited > 0);
  assert.equal(stats.accepted + stats.recovered + inherited, stats.delivered + sumOf(stats.dropped));
});

test('inherited records are spooled, and neither accepted nor recovered', () => {
  const counters = new Counters();
  assert.equal(counters.reading().isInheritedKnown, false);
  counters.inherit(7);
  counters.inheritedIsKnown();
  counters.inheritedIsKnown();
  const { stats, inherited, isInheritedKnown } = counters.reading();
  assert.equal(isInheritedKnown, true);
  assert.equal(counters.read('inheritedKnown'), 1);
  assert.deepEqual([inherited, stats.spooled, stats.accepted, stats.recovered, stats.pending], [7, 7, 0, 0, 0]);
});
