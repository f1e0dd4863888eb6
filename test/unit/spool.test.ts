// The spool of one run, on a virtual disk that fails where a test plans it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spool } from '@putlogs/core/internal/spool/spool';
import type { SpoolEvents } from '@putlogs/core/internal/spool/spool-events';
import { makeBatch } from '../support/made-batch';
import { VirtualDisk } from '../support/virtual-disk';
import { HandClock } from './hand-clock';

const ROOT = '/spool/putlogs-1';

interface Run {
  readonly spool: Spool;
  /** How many journals it has adopted. */
  readonly adopted: () => number;
}

function runOn(disk: VirtualDisk, name: string): Run {
  let adopted = 0;
  const ignore = () => {};
  const events: SpoolEvents = {
    onAdopted: () => {
      adopted += 1;
    },
    onWait: ignore,
    onFailure: ignore,
    onNotice: ignore,
    onDamaged: ignore,
    onSurplus: ignore,
    onEvictSegment: ignore,
    canAdoptOther: () => true,
    onHandBack: () => Promise.resolve(),
    onEvicted: ignore,
  };
  const spool = new Spool({
    dir: '/spool',
    maxBytes: 1024 * 1024,
    fsync: false,
    destination: '{"topicId":"t"}',
    layout: 'volc-tls',
    instance: 'one',
    hashKey: 'a'.repeat(32),
    inFlight: 1,
    runs: undefined,
    clock: new HandClock(),
    machine: {
      fs: disk.processFs(name),
      identity: { host: 'h', boot: 'b', pidns: name, pid: 1, start: '1' },
      probe: () => Promise.resolve('unknown'),
      listen: () => ({ ready: Promise.resolve({ listening: false, reason: 'none' }), close: ignore }),
    },
    events,
  });
  return { spool, adopted: () => adopted };
}

test('a spool whose owner file cannot be written adopts nothing, leaves no file, and opens at the next try', async () => {
  const disk = new VirtualDisk();
  const before = runOn(disk, 'before');
  assert.equal(before.spool.open(), undefined);
  before.spool.writer.append(
    makeBatch({
      sequence: 1,
      firstRecord: 0,
      records: [{ text: 'x', timeMs: 1 }],
      prefix: '0'.repeat(16),
      hashKey: 'a',
    }),
    { firstIndex: 0, mayBeSent: false, isPart: false },
  );
  before.spool.close(true);
  const { spool, adopted } = runOn(disk, 'after');
  disk.plan = (_process, call, path) =>
    call === 'write' && path.endsWith('.owner') ? { kind: 'error', code: 'ENOSPC' } : undefined;
  assert.equal(spool.open()?.code, 'ENOSPC');
  await spool.look();
  assert.equal(adopted(), 0, 'without an owner file, other runs see a dead run');
  const names = disk.processFs('look').readdirSync(ROOT) as string[];
  assert.deepEqual(
    names.filter((name) => name.endsWith('.owner')),
    [],
  );
  disk.plan = () => undefined;
  assert.equal(spool.open(), undefined);
  await spool.look();
  assert.equal(adopted(), 1);
  spool.close(true);
});
