// A frozen process whose directory another process took over: what it does in the first moment after it wakes.
//
// The random histories do not reach that moment: there a process renews its lease before it gets a new record. On a
// real machine the record can be first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordText } from '../support/made-batch';
import { checkEnd } from './delivery-checks';
import { Life, newWorld } from './delivery-world';

test('a process that was frozen loses no record, although another process took over its directory and removed it', async () => {
  const world = newWorld({
    seed: 1,
    mode: 'always',
    fsync: false,
    maxBytes: 4_000_000,
    memoryBytes: 2_000_000,
    whenFull: 'dropNewest',
    concurrency: 1,
    graceMs: 3000,
    hasSockets: false,
  });
  const { time, hosts, service } = world;
  const seal = (life: Life, ...numbers: number[]) =>
    life.seal(numbers.map((n) => ({ text: recordText('a', n, 0), timeMs: time.wallMs })));
  world.behaviour = () => ({ kind: 'unavailable' });
  const frozen = new Life(world, { instance: 'a', host: hosts[0]! });
  await time.advance(100);
  seal(frozen, 1, 2);
  seal(frozen, 3);
  await time.advance(2000);
  assert.equal(frozen.stats.spooled, 3);
  time.freeze(frozen.name);
  world.behaviour = () => ({ kind: 'judge' });
  const other = new Life(world, { instance: 'a', host: hosts[1]! });
  await time.advance(120_000);
  assert.equal(other.stats.delivered, 3, 'the other process has sent all of it, and removed the directory');
  time.wake(frozen.name);
  // Before any timer of the process runs. What is appended now goes into a file that has no name.
  seal(frozen, 4);
  await checkEnd(world);
  assert.deepEqual(world.found, []);
  // The batch that was in flight may arrive twice.
  const arrived = new Set(service.ledger.flatMap(({ records }) => records));
  assert.deepEqual(
    [...arrived],
    [1, 2, 3, 4].map((n) => recordText('a', n, 0)),
  );
});
