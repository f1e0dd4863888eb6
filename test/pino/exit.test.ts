// What of pino's records arrives when the application ends, in each way it can.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ChildOptions } from '../support/child';
import { type Application, expectedOf, type PartialPlan, runCorpus } from '../support/corpus-run';
import { closedPort, contentsOf, type Emulator, type EmulatorLog, startEmulator } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { EXIT_CODE, type Plan } from '../support/plan';
import { cases } from '../support/sizes';

const ENDS: readonly { end: Plan['end']; as: string; code: number; prints: boolean }[] = [
  { end: 'natural', as: 'has nothing left to do', code: 0, prints: false },
  { end: 'exit', as: 'calls process.exit right after logging', code: EXIT_CODE, prints: false },
  { end: 'throw', as: 'dies of an uncaught exception', code: 1, prints: true },
  { end: 'reject', as: 'dies of an unhandled rejection', code: 1, prints: true },
];
/** An ES module differs in how the package is loaded, and in how a natural end comes about. */
const ES_MODULE_ENDS = cases(
  ENDS.filter(({ end }) => end === 'natural' || end === 'exit'),
  ENDS.filter(({ end }) => end !== 'natural' && end !== 'exit'),
);

describe('an application that logs by pino delivers every record, in order and once, when it', {
  concurrency: 2,
}, () => {
  for (const application of ['pino', 'pino (ES module)'] satisfies Application[]) {
    for (const { end, as, code, prints } of application.includes('ES module') ? ES_MODULE_ENDS : ENDS) {
      it(`${as}: ${application}`, () =>
        delivers(application, { instance: `${application} ${end}`, end }, code, prints));
    }
    it(`exits by its own handler of SIGTERM: ${application}`, async () => {
      const plan: PartialPlan = { instance: `${application} signal`, end: 'signal', options: { lingerMs: 60_000 } };
      const onLine: ChildOptions['onLine'] = (_line, child) => child.kill('SIGTERM');
      const result = await runCorpus(application, plan, emulator, { onLine });
      assert.equal(result.code, EXIT_CODE);
      assert.equal(result.stderr, '');
      assertLedger(new Map([expectedOf(application, plan)]), logsOf(plan.instance));
    });
    it(`has nothing left to do, batching in its own thread: ${application}`, () =>
      delivers(application, { instance: `${application} own`, thread: 'own' }, 0, false));
  }
});

describe('an application that logs by pino and cannot have its records delivered', { concurrency: 2 }, () => {
  const LOST = /^putlogs: 200 records are lost: /m;

  it('says how many are lost, when it calls process.exit while batching in its own thread', async () => {
    const plan: PartialPlan = { instance: 'own exit', end: 'exit', thread: 'own' };
    const result = await runCorpus('pino', plan, emulator);
    assert.equal(result.code, EXIT_CODE);
    assert.match(result.stderr, LOST);
  });

  for (const end of ['natural', 'exit'] as const) {
    it(`ends in time, with its own code, and says how many are lost: ${end}`, async () => {
      const options = { endpoint: `http://127.0.0.1:${await closedPort()}`, closeTimeoutMs: 300 };
      const result = await runCorpus('pino', { instance: `refused ${end}`, end, options }, emulator);
      assert.equal(result.code, end === 'exit' ? EXIT_CODE : 0);
      assert.match(result.stderr, LOST);
    });
  }
});

describe('an application that logs nothing by pino', { concurrency: 2 }, () => {
  for (const thread of ['worker', 'own'] as const) {
    it(`is not kept alive: batching in ${thread === 'own' ? 'its own thread' : 'a worker'}`, async () => {
      const result = await runCorpus('pino', { instance: 'idle', count: 0, thread }, emulator);
      assert.equal(result.code, 0);
      assert.equal(result.stderr, '');
    });
  }
});

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

async function delivers(application: Application, plan: PartialPlan, code: number, prints: boolean): Promise<void> {
  const result = await runCorpus(application, plan, emulator);
  assert.equal(result.code, code, result.stderr);
  if (prints) assert.match(result.stderr, /not caught/);
  else assert.equal(result.stderr, '');
  assert.equal(result.stdout, '');
  assertLedger(new Map([expectedOf(application, plan)]), logsOf(plan.instance));
}

function logsOf(instance: string): EmulatorLog[] {
  return emulator.logs().filter((log) => contentsOf(log)['instance'] === instance);
}
