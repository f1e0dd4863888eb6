// Long lines against an oracle: a record that is shortened has every field of the whole one. Each value is whole, or
// its beginning with a mark that counts what is missing.
//
// The largest Log is small here, so that a line of some kilobytes is a long one. The seed is printed, and FUZZ_SEED
// repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { legalName } from '@putlogs/core/internal/record/field-names';
import { Transcoder } from '@putlogs/core/internal/record/transcode';
import type { LogLayout } from '@putlogs/core/internal/record/types';
import { ALIYUN_NAME_RULE } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import fc from 'fast-check';
import { DEFAULTS, decoded, type Log, root, stoppedClock } from '../unit/transcoded';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const MAX_LOG_BYTES = 4000;
const LAYOUT: LogLayout = { ...VOLC_LAYOUT, maxLogBytes: MAX_LOG_BYTES };
/** By the rules of TLS and SLS. The names of SLS may have what JSON escapes. */
const LAYOUTS: readonly LogLayout[] = [LAYOUT, { ...LAYOUT, names: ALIYUN_NAME_RULE }];

const character = fc.constantFrom(...'ab "\\\n\u0001中é', '\u{1f600}', '\u2028', '/');
const piece = fc.array(character, { minLength: 1, maxLength: 12 }).map((characters) => characters.join(''));
const text = fc.tuple(piece, fc.constantFrom(0, 1, 3, 30, 400, 3000)).map(([unit, times]) => unit.repeat(times));
/** JSON for a text. With `escaped`, all units are escapes. */
const spelt = fc
  .tuple(text, fc.boolean())
  .map(([value, isEscaped]) =>
    isEscaped
      ? `"${[...Array(value.length).keys()].map((i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(value),
  );
const nested = fc
  .tuple(fc.array(fc.tuple(piece, text), { maxLength: 4 }), fc.constantFrom(0, 1, 40))
  .map(([pairs, repeat]) => JSON.stringify([Object.fromEntries(pairs), ...Array<string>(repeat).fill('["}')]));
const value = fc.oneof(spelt, spelt, nested, fc.constantFrom('1', '-1.50', 'true', 'null', '{}', '7'.repeat(9000)));
const name = fc.tuple(piece, fc.constantFrom(1, 1, 1, 40, 300)).map(([unit, times]) => unit.repeat(times));
const space = fc.constantFrom('', '', ' ', '\n\t  ');
const record = fc
  .tuple(fc.uniqueArray(fc.tuple(name, value), { minLength: 1, maxLength: 12, selector: ([key]) => key }), space)
  .map(([fields, gap]) => ({
    fields,
    line: `{${fields.map(([key, json]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${json}${gap}`).join(',')}}`,
  }));

function logOf(line: Buffer, nestedAs: 'json' | 'flatten', layout = LAYOUT): Log {
  const batch = new OpenBatch(64 * 1024);
  const by = new Transcoder(layout, { ...DEFAULTS, nested: nestedAs }, stoppedClock);
  // A wrong offset makes the test fail.
  const around = Buffer.concat([Buffer.from('"'), line, Buffer.from('"}')]);
  const start = batch.length;
  by.append(around, 1, 1 + line.length, batch);
  batch.added(start);
  const entries = batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
  const log = decoded(entries)[0]!;
  assert.ok(root.lookupType('Log').encode(log).finish().length <= MAX_LOG_BYTES);
  return log;
}

/** The value that is sent for a JSON text. */
function whole(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string).toWellFormed() : json;
}

function assertBeginning(got: string, expected: string): void {
  if (got === expected) return;
  const at = got.lastIndexOf('…[truncated ');
  const kept = got.slice(0, at);
  assert.ok(at !== -1 && expected.startsWith(kept), `${got.slice(0, 80)} is no beginning of ${expected.slice(0, 80)}`);
  const missing = Number(/^…\[truncated (\d+) bytes\]$/.exec(got.slice(at))?.[1]);
  assert.equal(Buffer.byteLength(kept) + missing, Buffer.byteLength(expected));
}

test('a long record has all its fields, and each value is whole or its beginning', (t) => {
  let long = 0;
  const property = fc.property(record, fc.constantFrom(...LAYOUTS), ({ fields, line }, layout) => {
    const { Contents } = logOf(Buffer.from(line), 'json', layout);
    if (line.length > 4 * MAX_LOG_BYTES) long += 1;
    assert.equal(Contents.length, fields.length);
    for (const [i, [key, json]] of fields.entries()) {
      const { Key, Value } = Contents[i]!;
      // Of two names that become one, the second has a number.
      const legal = legalName(key, layout.names);
      assert.ok(Key === legal || Key.startsWith(legal.slice(0, 40)), `${Key} is not ${legal}`);
      assertBeginning(Value, whole(json));
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 300 });
  assert.ok(long > 60, `only ${long} long records`);
  t.diagnostic(`${long} long records, FUZZ_SEED=${SEED}`);
});

test('a long record that ends anywhere has the fields before its end', () => {
  const property = fc.property(
    record,
    fc.nat(),
    fc.constantFrom('json', 'flatten'),
    ({ fields, line }, at, nestedAs) => {
      const bytes = Buffer.from(line);
      let to = at % (bytes.length + 1);
      while (to > 0 && (bytes[to]! & 0xc0) === 0x80) to -= 1;
      const { Contents } = logOf(bytes.subarray(0, to), nestedAs as 'json' | 'flatten');
      assert.ok(Contents.length > 0);
      if (to <= 4 * MAX_LOG_BYTES || nestedAs === 'flatten') return;
      let end = 1;
      const before = fields.filter(([key, json]) => {
        end = line.indexOf(json, end + JSON.stringify(key).length) + json.length;
        return Buffer.byteLength(line.slice(0, end)) <= to;
      });
      for (const [i, [, json]] of before.entries()) {
        // A number at the very end may go on.
        if (!Contents[i]!.Value.endsWith('…[truncated]')) assertBeginning(Contents[i]!.Value, whole(json));
      }
      assert.ok(Contents.length >= before.length);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 300 });
});

test('a long line with any byte changed is one Log', () => {
  const property = fc.property(
    record,
    fc.nat(),
    fc.constantFrom(...'"\\{}[],:0 x'),
    fc.boolean(),
    ({ line }, at, byte, flat) => {
      const from = at % (line.length + 1);
      const torn = (line.slice(0, from) + byte + line.slice(from + 1)).toWellFormed();
      const { Contents } = logOf(Buffer.from(torn), flat ? 'flatten' : 'json');
      assert.ok(Contents.length > 0);
      if (Contents.length === 1 && Contents[0]!.Key === 'message') assertBeginning(Contents[0]!.Value, torn);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 300 });
});
