// Four instances at once: two that log by pino, two by winston.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Application, expectedOf, runCorpus } from '../support/corpus-run';
import { type Emulator, startEmulator } from '../support/emulator';
import { assertLedger } from '../support/ledger';

const COUNT = 5000;
const INSTANCES: readonly { application: Application; instance: string }[] = [
  { application: 'pino', instance: 'api-1' },
  { application: 'pino (ES module)', instance: 'api-2' },
  { application: 'winston', instance: 'worker-1' },
  { application: 'winston (ES module)', instance: 'worker-2' },
];

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ shards: 4 });
});
after(() => emulator.close());

it('four instances at once each deliver every record once, in order, unaltered, under their own one hash key', async () => {
  const results = await Promise.all(
    INSTANCES.map(({ application, instance }) => runCorpus(application, { instance, count: COUNT }, emulator)),
  );
  for (const result of results) {
    assert.equal(result.stderr, '');
    assert.equal(result.code, 0);
  }
  const expected = new Map(
    INSTANCES.map(({ application, instance }) => expectedOf(application, { instance, count: COUNT })),
  );
  const report = assertLedger(expected, emulator.logs());
  const hashKeys = [...report.hashKeys.values()].flat();
  assert.equal(new Set(hashKeys).size, INSTANCES.length);
  for (const hashKey of hashKeys) assert.match(hashKey, /^[0-9a-f]{32}$/);
});
