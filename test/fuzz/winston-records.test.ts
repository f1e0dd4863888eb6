// Whatever is logged to winston, in generated infos: nothing is thrown, the text is one JSON object of a bounded size,
// and the level, the message, the time and the harmless fields of the info are in it.
//
// A run lasts two seconds, or FUZZ_SECONDS if that is set. The seed is printed, and FUZZ_SEED repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordRules, recordText } from '@putlogs/winston/internal/record';
import fc from 'fast-check';
import winston from 'winston';
import { endingValue, hostileProxy, name, objectOf, value } from './winston-values';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const RECORDS_A_RUN = 20;
const MOST_CHARS = 5 * 2 ** 20;
/** Of the processor. A record that is cut takes less than a tenth of it. */
const MOST_MS = 5000;
const NOW_MS = 1_763_771_234_567;
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');
const TIME_KEYS: RecordRules = { own: ['timestamp'], all: ['timestamp', 'time', '@timestamp'] };

const fields = fc.array(fc.tuple(name, value), { maxLength: 6 });
const endingFields = fc.array(fc.tuple(name, endingValue), { maxLength: 6 });

test('an info with any fields keeps those that are harmless, its level, its message and a time', (t) => {
  run(t, fields, (all) => {
    const info = Object.assign(objectOf(all.filter(([key]) => key !== 'toJSON')), {
      [LEVEL]: 'warn',
      level: 'warn',
      message: 'logged',
      before: { id: 7, list: [1, 'two', null] },
    });
    const record = recordOf(info);
    assert.equal(record['level'], 'warn');
    assert.equal(record['message'], 'logged');
    assert.deepEqual(record['before'], { id: 7, list: [1, 'two', null] });
    if (!('timestamp' in info)) assert.equal(record['timestamp'], NOW_MS);
  });
});

test('anything is an info', (t) => {
  run(t, value, (make) => {
    const info = make();
    const record = recordOf(info);
    assert.ok(Object.keys(record).length >= 0);
  });
});

test('an info that is a proxy keeps what can be read', (t) => {
  const traps = fc.subarray(['ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'has'] as const, {
    minLength: 1,
  });
  run(t, fc.tuple(fields, traps), ([all, hostile]) => {
    const target = Object.assign(objectOf(all.filter(([key]) => key !== 'toJSON')), {
      [LEVEL]: 'warn',
      level: 'warn',
      message: 'logged',
    });
    const record = recordOf(hostileProxy(hostile, () => new Error('never'), target));
    assert.equal(record['level'], 'warn');
    assert.equal(record['message'], 'logged');
  });
});

test('what a replacer masks is masked, beside any other value that winston can write', (t) => {
  const format = winston.format.json({ replacer: (key, field) => (key === 'password' ? '******' : field) });
  let masked = 0;
  run(t, endingFields, (all) => {
    const info = Object.assign(objectOf(all), {
      [LEVEL]: 'info',
      level: 'info',
      message: 'x',
      password: 'secret',
      in: { password: 'secret' },
    });
    let formatted: unknown;
    try {
      formatted = format.transform(info as never, format.options);
    } catch {
      // winston passes it to the caller, and no transport gets the info.
      return;
    }
    if (String((formatted as { [MESSAGE]?: string })[MESSAGE]).length > 2 ** 21) return;
    masked += 1;
    assert.doesNotMatch(recordText(formatted, TIME_KEYS, NOW_MS), /secret/);
  });
  assert.ok(masked > 0);
});

function run<Case>(
  t: { diagnostic(message: string): void },
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => void,
): void {
  let records = 0;
  const endMs = performance.now() + (SECONDS * 1000) / 4;
  const property = fc.property(fc.array(cases, { minLength: RECORDS_A_RUN, maxLength: RECORDS_A_RUN }), (all) => {
    for (const one of all) check(one);
    records += all.length;
  });
  for (let round = 0; round === 0 || performance.now() < endMs; round += 1) {
    fc.assert(property, { seed: SEED + round, numRuns: 5, endOnFailure: true, includeErrorInReport: true });
  }
  t.diagnostic(`${records} records, FUZZ_SEED=${SEED}`);
}

function recordOf(info: unknown): Record<string, unknown> {
  const started = process.cpuUsage();
  const text = recordText(info, TIME_KEYS, NOW_MS);
  const { user, system } = process.cpuUsage(started);
  assert.ok((user + system) / 1000 < MOST_MS, `${(user + system) / 1000} ms`);
  assert.ok(text.length < MOST_CHARS, `${text.length} characters`);
  const record: unknown = JSON.parse(text);
  assert.ok(typeof record === 'object' && record !== null && !Array.isArray(record), text.slice(0, 200));
  return record as Record<string, unknown>;
}
