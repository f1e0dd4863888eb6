// Records that are made to cost as much as possible: the CPU time for each byte is bounded, and no field is lost.
//
// Each kind of record takes a way through the code that could need more than linear time: names with one hash, names
// that become one, names that are cut to one beginning, deep paths, many escapes, many duplicates. A run lasts
// FUZZ_SECONDS if that is set. The seed is printed, and FUZZ_SEED repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import type { TranscodeOptions } from '@putlogs/core/internal/record/types';
import fc from 'fast-check';
import { decoded, type Log, transcoder } from '../unit/transcoded';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const LEAST_RECORDS = 60;
/**
 * About ten times what a record needs on a busy machine. With a square in it, a record of this size needs a hundred
 * times as much.
 */
const CPU_MS = 400;
const CPU_NS_PER_BYTE = 1500;
const KiB = 1024;

interface Kind {
  /** About the number of bytes of one field. */
  readonly bytes: number;
  readonly field: (n: number) => string;
}

const json = JSON.stringify;
/** Punctuation that becomes `_` in a name. */
const MARKS = '!#$%&()*+,.:;<=>?@[]^`{|}~';
const inMarks = (n: number) => [...n.toString(20)].map((digit) => MARKS[Number.parseInt(digit, 20)]).join('');
/** Names of one length with one value of the hash `31 * hash + byte`. */
const oneHash = (n: number) => [...n.toString(2).padStart(20, '0')].map((bit) => (bit === '0' ? 'Aa' : 'BB')).join('');
const long = 'k'.repeat(126);

const KINDS: Readonly<Record<string, Kind>> = {
  'names with one hash': { bytes: 45, field: (n) => `"${oneHash(n)}":${n}` },
  'names that become one': { bytes: 14, field: (n) => `${json(inMarks(n).padStart(6, '!'))}:${n}` },
  'names that become one with their suffixes': {
    bytes: 10,
    field: (n) => (n % 2 === 0 ? `"a.${n}":1` : `"a_${n - 1}":2`),
  },
  'names that are cut to one beginning': { bytes: 140, field: (n) => `"${long}${'._'[n % 2]}${(n >> 1) % 10}":${n}` },
  'long names with one beginning': { bytes: 300, field: (n) => `"${long}${long}${n}":1` },
  'long names with one hash': { bytes: 300, field: (n) => `"${long}${long}${oneHash(n)}":1` },
  'names with one beginning and one end': { bytes: 30, field: (n) => `"beginning${n % 1e6}-and-the-end":1` },
  'names of digits': { bytes: 14, field: (n) => `"${n * 65536}":1` },
  'names of many characters outside ASCII': { bytes: 60, field: (n) => `"用户用户用户用户用户用户${n}":1` },
  'names of escapes': { bytes: 60, field: (n) => `"\\u4e2d\\n\\"\\\\\\ud83d${n}":1` },
  'short names': { bytes: 9, field: (n) => `"${n.toString(36)}":0` },
  'one name': { bytes: 5, field: () => '"":0' },
  'two times and two levels': { bytes: 30, field: (n) => `"time":${1_763_700_000_000 + n},"level":30` },
  'time in every form': { bytes: 50, field: (n) => `"time":"2023-11-14T22:13:20.123456${n % 1000}Zx"` },
  'texts of escapes': { bytes: 400, field: (n) => `"e${n % 100}":"${'\\n\\u0041\\ud83d\\ude00'.repeat(20)}"` },
  'long numbers': { bytes: 1000, field: (n) => `"n${n % 50}":${'1234567890'.repeat(98)}` },
  'times of a thousand digits': { bytes: 1000, field: () => `"time":${'1234567890'.repeat(98)}` },
  'deep objects': { bytes: 800, field: (n) => `"d${n % 50}":${'{"k":'.repeat(130)}1${'}'.repeat(130)}` },
  'deep lists': { bytes: 800, field: (n) => `"l${n % 50}":${'['.repeat(400)}${']'.repeat(400)}` },
  'objects below one another with long names': {
    bytes: 4600,
    field: (n) => `"${long}${n}":${`{"${long}${long}":`.repeat(14)}{"a":1,"b":2,"c":{}}${'}'.repeat(14)}`,
  },
  'objects with many values below a long path': {
    bytes: 12_000,
    field: (n) =>
      `"${long.repeat(40)}${n % 3}":{"${long}":{${Array.from({ length: 500 }, (_, i) => `"${i}.${n}":0`).join(',')}}}`,
  },
  'objects that are empty': { bytes: 20, field: (n) => `"o${n}":{"p":{},"q":{}}` },
};

const kindNames = Object.keys(KINDS);

interface Hostile {
  readonly line: string;
  readonly options: Partial<TranscodeOptions>;
  readonly what: string;
}

const hostile: fc.Arbitrary<Hostile> = fc
  .record({
    kinds: fc.array(fc.constantFrom(...kindNames), { minLength: 1, maxLength: 3 }),
    size: fc.constantFrom(KiB, 16 * KiB, 100 * KiB, 100 * KiB, 300 * KiB, 1000 * KiB, 4200 * KiB),
    first: fc.nat({ max: 1_000_000 }),
    nested: fc.constantFrom('json' as const, 'flatten' as const),
    isNested: fc.boolean(),
    omit: fc.constantFrom([], ['time'], ['d1', 'o1.p', long]),
    rename: fc.constantFrom({}, { e1: 'renamed', 'o1.p': 'p', '': 'empty' }),
    fields: fc.constantFrom({}, { service: 'shop', a_2: 'x' }),
  })
  .map(({ kinds, size, first, nested, isNested, omit, rename, fields }) => {
    const parts: string[] = [];
    for (const name of kinds) {
      const { bytes, field } = KINDS[name]!;
      const count = Math.max(1, Math.floor(size / kinds.length / bytes));
      for (let n = 0; n < count; n += 1) parts.push(field(first + n));
    }
    const members = parts.join(',');
    const line = isNested ? `{"level":30,"outer":{${members}},"msg":"done"}` : `{"level":30,${members},"msg":"done"}`;
    return { line, options: { nested, omit, rename, fields }, what: `${kinds.join(' + ')}, ${size} bytes` };
  });

function transcodedIn({ line, options }: Hostile): { log: Log; cpuMs: number; bytes: number } {
  const bytes = Buffer.from(line);
  const batch = new OpenBatch(KiB * KiB);
  const by = transcoder(options);
  by.append(Buffer.from('{"a":1}'), 0, 7, batch);
  batch.drop();
  const start = batch.length;
  const before = process.cpuUsage();
  by.append(bytes, 0, bytes.length, batch);
  const { user, system } = process.cpuUsage(before);
  batch.added(start);
  const entries = batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
  return { log: decoded(entries)[0]!, cpuMs: (user + system) / 1000, bytes: bytes.length };
}

function assertBounded({ cpuMs, bytes }: { cpuMs: number; bytes: number }, what: string): void {
  const limitMs = CPU_MS + (bytes * CPU_NS_PER_BYTE) / 1e6;
  assert.ok(cpuMs < limitMs, `${cpuMs} ms of CPU time for ${bytes} bytes: ${what}`);
}

test('a hostile record needs time in proportion to its length, and loses no field', (t) => {
  let records = 0;
  let slowest = { nsPerByte: 0, what: '' };
  const endMs = performance.now() + SECONDS * 1000;
  const property = fc.property(hostile, (record) => {
    const { log, cpuMs, bytes } = transcodedIn(record);
    assertBounded({ cpuMs, bytes }, record.what);
    const nsPerByte = (cpuMs * 1e6) / bytes;
    if (bytes > 90 * KiB && nsPerByte > slowest.nsPerByte) slowest = { nsPerByte, what: record.what };
    const keys = log.Contents.map(({ Key }) => Key);
    assert.equal(new Set(keys).size, keys.length, 'no name twice');
    assert.ok(keys.every((key) => key.length <= 128));
    assert.ok(keys.includes('level'));
    if (!keys.includes('putlogs_left_out')) assert.ok(keys.includes('msg'), record.what);
    records += 1;
  });
  for (let round = 0; records < LEAST_RECORDS || performance.now() < endMs; round += 1) {
    fc.assert(property, { seed: SEED + round, numRuns: 20, endOnFailure: true, includeErrorInReport: true });
  }
  t.diagnostic(
    `${records} records, at most ${Math.round(slowest.nsPerByte)} ns a byte (${slowest.what}), FUZZ_SEED=${SEED}`,
  );
});

for (const [name, { bytes, field }] of Object.entries(KINDS)) {
  test(`512 KiB of ${name} is encoded in bounded time, as JSON and flattened`, () => {
    const count = Math.ceil((512 * KiB) / bytes);
    const line = `{"level":30,${Array.from({ length: count }, (_, n) => field(n)).join(',')},"msg":"done"}`;
    for (const nested of ['json', 'flatten'] as const) {
      assertBounded(transcodedIn({ line, options: { nested }, what: name }), `${name}, ${nested}`);
    }
  });
}
