// The transcoder compared with an oracle, on generated records.
//
// JSON.parse reads the record and protobufjs writes it; the bytes must be equal. Numbers and nested values go out as
// their JSON text, so the generator that made the text is the oracle for them. For times it is a table.
//
// A run has at least 100,000 records, and lasts FUZZ_SECONDS if that is set. The seed is printed, and FUZZ_SEED repeats
// a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legalName, type NameRule, nameRule } from '@putlogs/core/internal/record/field-names';
import { ALIYUN_NAME_RULE } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import fc from 'fast-check';
import { ARRIVAL_MS, asProtobufjsWrites, decoded, encoded, type Log, transcoder } from '../unit/transcoded';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const LEAST_RECORDS = 100_000;
const RECORDS_A_RUN = 40;
const NESTED_VALUES = 5000;

/** Of TLS, of SLS, and the one that each of them accepts. */
const RULES: readonly NameRule[] = [VOLC_LAYOUT.names, ALIYUN_NAME_RULE, nameRule(ALIYUN_NAME_RULE, 'portable')];
const LEVELS: Record<string, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** Texts of a time field: the milliseconds, and the nanoseconds below them. Undefined if the text is no time. */
const TIMES: Record<string, [ms: number, subMsNs?: number] | undefined> = {
  '1700000000.5': [1_700_000_000_500],
  '1700000000123.000789': [1_700_000_000_123, 789],
  '1700000000123456': [1_700_000_000_123, 456_000],
  '1700000000123456789': [1_700_000_000_123, 456_789],
  '"2023-11-14T22:13:20.123456789Z"': [1_700_000_000_123, 456_789],
  '"2023-11-15T06:13:20.1234+08:00"': [1_700_000_000_123, 400_000],
  '"1700000000123456789"': [1_700_000_000_123, 456_789],
  '153': [153_000],
  '"1"': [1000],
  '"no"': undefined,
  '-1': undefined,
  '{"seconds":1}': undefined,
  null: undefined,
};

/** A character of a name or a text. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcdefghijk ABC019_-/') },
  { weight: 2, arbitrary: fc.constantFrom(...'"\\/\b\f\n\r\t\u0000\u001f\u007f') },
  // Not a string of the unit `binary`: fast-check writes a table of all code points for it, which takes seconds.
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)) },
  { weight: 1, arbitrary: fc.constantFrom('\ud83d', '\ude00', '\u{1f600}', '中', 'é', '\u2028') },
);
const text = fc.array(character, { maxLength: 60 }).map((characters) => characters.join(''));

/** JSON for a string. `styles` decides for each character whether it is escaped. */
function spell(value: string, styles: readonly number[]): string {
  let json = '';
  for (let i = 0; i < value.length; i += 1) {
    const unit = value[i]!;
    const style = styles.length === 0 ? 0 : styles[i % styles.length]!;
    const plain = JSON.stringify(unit).slice(1, -1);
    const pair = value.codePointAt(i)! > 0xffff;
    if (style === 1) json += `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    else if (style === 2 && unit === '/') json += '\\/';
    else if (pair) json += unit + value[++i]!;
    else json += plain;
  }
  return `"${json}"`;
}

const styles = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5 });
const spelt = (value: fc.Arbitrary<string>) => fc.tuple(value, styles).map(([unspelt, how]) => spell(unspelt, how));
/** The spelling is repeated, and not the text: spelling thousands of characters takes longer than the test itself. */
const speltLong = fc
  .tuple(
    spelt(text),
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 400 }) },
    ),
  )
  .map(([json, times]) => `"${json.slice(1, -1).repeat(times)}"`);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('level', 'msg', 'pid', 'hostname', 'reqId', 'a', 'b', 'a.b', 'a_b', '用户') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', '', 'toString', '__time__', '1', '.1') },
  { weight: 3, arbitrary: text },
);
const digits = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String);
const number = fc.oneof(
  digits,
  fc.constantFrom('10', '20', '30', '40', '50', '60', '0', '-0', '1e3', '1E-3', '0.10', '-1.5e+300'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const anyNested = fc
  .tuple(fc.oneof(fc.jsonValue({ maxDepth: 5 }), fc.array(fc.jsonValue()), fc.dictionary(text, fc.jsonValue())), styles)
  .map(([value, how]) => JSON.stringify(value, null, how.length % 3))
  .filter((json) => json.startsWith('{') || json.startsWith('['));
/** Generated once, because fast-check needs more time for such a value than everything that is tested. */
const nestedValues = fc.sample(anyNested, { seed: SEED, numRuns: NESTED_VALUES });
const nested = fc.nat(NESTED_VALUES - 1).map((at) => nestedValues[at]!);
const value = fc.oneof(
  { weight: 4, arbitrary: spelt(text) },
  { weight: 1, arbitrary: speltLong },
  { weight: 2, arbitrary: number },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null', '""', '{}', '[]') },
);
const space = fc.constantFrom('', '', '', '', '', '', '', ' ', '\t', '\n  ', '\r');
const timeField = fc.tuple(fc.constantFrom('"time"', '"t\\u0069me"'), fc.constantFrom(...Object.keys(TIMES)), space);
const field = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(spelt(key.filter((name) => name !== 'time')), value, space) },
  { weight: 2, arbitrary: timeField },
);
const record = fc.array(field, { maxLength: 14 });

type Field = readonly [name: string, json: string, gap: string];

interface Case {
  readonly line: string;
  readonly expected: Log;
}

/** A valid record, and its fields. */
const whole = record.map((fields) => ({
  line: `{${fields.map(([name, json, gap]) => `${gap}${name}${gap}:${gap}${json}${gap}`).join(',')}}`,
  fields,
}));

/** A record with a range removed or repeated, or a byte replaced. Most are invalid JSON; some are still valid. */
const broken: fc.Arbitrary<Case> = fc
  .tuple(record, fc.nat(), fc.nat({ max: 8 }), fc.constantFrom('', '"', '\\', '{', '}', ',', ':', '0', '\u0000', 'é'))
  .map(([fields, at, length, put]) => {
    const json = `{${fields.map(([name, text]) => `${name}:${text}`).join(',')}}`;
    const from = at % (json.length + 1);
    const torn = (json.slice(0, from) + put + json.slice(from + length)).toWellFormed().replaceAll('\n', ' ');
    return { line: torn, expected: expectedOf(torn, undefined, VOLC_LAYOUT.names) };
  });

/**
 * The oracle. Without `fields` it only decides whether the line is a record: its contents are then compared as values.
 */
function expectedOf(line: string, fields: readonly Field[] | undefined, rule: NameRule): Log {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return asMessage(line);
  if (fields === undefined) return { Time: 0, Contents: [] };
  const last = new Map<string, string>();
  const names = new OutNames(rule);
  let time: (typeof TIMES)[string];
  for (const [name, json] of fields) {
    const unspelt = (JSON.parse(name) as string).toWellFormed();
    // The first time that can be read is that of the record. All others are fields.
    if (unspelt === 'time' && time === undefined) {
      time = TIMES[json];
      if (time !== undefined) continue;
    }
    names.of(unspelt);
    last.delete(unspelt);
    last.set(unspelt, json);
  }
  const log = last.size === 0 ? asMessage(line) : { Time: ARRIVAL_MS, Contents: contentsOf(last, names) };
  if (time === undefined) return log;
  return time[1] === undefined ? { ...log, Time: time[0] } : { ...log, Time: time[0], TimeNs: time[1] };
}

function contentsOf(fields: ReadonlyMap<string, string>, names: OutNames): Log['Contents'] {
  return [...fields].map(([name, json]) => ({ Key: names.of(name), Value: textOf(name, json) }));
}

/** The names that fields go out under, in the order in which the fields first occur. */
class OutNames {
  readonly #rule: NameRule;
  readonly #byName = new Map<string, string>();

  constructor(rule: NameRule) {
    this.#rule = rule;
  }

  of(name: string): string {
    const legal = legalName(name, this.#rule);
    const taken = new Set(this.#byName.values());
    let free = this.#byName.get(name) ?? legal;
    for (let n = 2; taken.has(free) && !this.#byName.has(name); n += 1) {
      free = `${beginningOf(legal, 128 - `_${n}`.length)}_${n}`;
    }
    this.#byName.set(name, free);
    return free;
  }
}

/** As many whole characters as have `maxBytes` bytes. */
function beginningOf(name: string, maxBytes: number): string {
  let beginning = '';
  for (const one of name) {
    if (Buffer.byteLength(beginning + one) > maxBytes) break;
    beginning += one;
  }
  return beginning;
}

function textOf(name: string, json: string): string {
  if (json.startsWith('"')) return (JSON.parse(json) as string).toWellFormed();
  return (name === 'level' ? LEVELS[json] : undefined) ?? json;
}

function asMessage(line: string): Log {
  return { Time: ARRIVAL_MS, Contents: [{ Key: 'message', Value: line }] };
}

test('whole records are transcoded to the bytes that protobufjs writes for what JSON.parse reads', (t) => {
  let records = 0;
  let rule = RULES[0]!;
  const endMs = performance.now() + SECONDS * 1000;
  const property = fc.property(fc.array(whole, { minLength: RECORDS_A_RUN, maxLength: RECORDS_A_RUN }), (cases) => {
    const lines = cases.map(({ line }) => line);
    const bytes = encoded(lines, transcoder({}, rule));
    const got = decoded(bytes);
    // The numbers of records with no more than milliseconds have a test of their own.
    const expected = cases.map(({ line, fields }, i) => ({
      TimeNs: got[i]!.TimeNs!,
      ...expectedOf(line, fields, rule),
    }));
    assert.deepEqual(got, expected);
    assert.deepEqual(bytes, asProtobufjsWrites(expected));
    records += cases.length;
  });
  for (let round = 0; records < LEAST_RECORDS || performance.now() < endMs; round += 1) {
    rule = RULES[round % RULES.length]!;
    fc.assert(property, { seed: SEED + round, numRuns: 100, includeErrorInReport: true });
  }
  t.diagnostic(`${records} records, FUZZ_SEED=${SEED}`);
});

test('invalid records go out as text, and never damage the records beside them', (t) => {
  let records = 0;
  let whollyBroken = 0;
  const endMs = performance.now() + (SECONDS * 1000) / 2;
  const neighbour = '{"n":1,"s":"whole"}';
  const property = fc.property(fc.array(broken, { minLength: RECORDS_A_RUN, maxLength: RECORDS_A_RUN }), (cases) => {
    const logs = decoded(encoded(cases.flatMap(({ line }) => [line, neighbour])));
    for (const [i, { line, expected }] of cases.entries()) {
      const [got, beside] = [logs[2 * i]!, logs[2 * i + 1]!];
      assert.deepEqual(beside.Contents, [
        { Key: 'n', Value: '1' },
        { Key: 's', Value: 'whole' },
      ]);
      if (expected.Contents.length === 0) assertSameValues(got, line);
      else {
        whollyBroken += 1;
        assert.deepEqual(got.Contents, expected.Contents);
        assert.equal(got.Time, ARRIVAL_MS);
      }
    }
    records += cases.length;
  });
  for (let round = 0; records < LEAST_RECORDS / 4 || performance.now() < endMs; round += 1) {
    fc.assert(property, { seed: SEED + round, numRuns: 100, includeErrorInReport: true });
  }
  t.diagnostic(`${records} records, ${whollyBroken} of them no JSON, FUZZ_SEED=${SEED}`);
});

/** Compares a line that is still a record: the same number of fields, and the same values after reading them again. */
function assertSameValues(got: Log, line: string): void {
  const fields = fieldsIn(line);
  // The table does not have the times that are torn. So each of them may be the time of the record.
  const times = got.Time === ARRIVAL_MS ? [-1] : fields.flatMap(([name], at) => (name === 'time' ? [at] : []));
  const possible = times.map((time) => [...new Map(fields.filter((_, at) => at !== time)).values()]);
  if (possible.some((left) => left.length === 0)) {
    assert.deepEqual(got.Contents, [{ Key: 'message', Value: line }]);
    return;
  }
  const sorted = (texts: readonly string[]) => JSON.stringify(texts.map(asValue).sort());
  const expected = possible.map((left) => sorted(left.map((json) => textOf('', json))));
  const values = sorted(got.Contents.map(({ Value }) => Value));
  assert.ok(expected.includes(values), `${values} is not ${expected.join(' or ')}`);
}

/** The names and the JSON texts of all fields of a record, also of those with the same name. JSON.parse hides these. */
function fieldsIn(line: string): [name: string, json: string][] {
  const fields: [string, string][] = [];
  let depth = 0;
  let name = '';
  let from = 0;
  for (const { 0: token, index } of line.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (depth === 1 && token.startsWith('"') && name === '') name = token;
    else if (depth === 1 && token === ':') from = index + 1;
    else if (depth === 1 && name !== '' && (token === ',' || token === '}')) {
      fields.push([(JSON.parse(name) as string).toWellFormed(), line.slice(from, index).trim()]);
      name = '';
    }
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
  }
  return fields;
}

/**
 * The value of a text, whether it was a string, a number or a level. The digits of a number and the white space of a
 * nested value are kept by the transcoder and lost by the oracle. One record may have the text `-0` and the number -0.
 */
function asValue(text: string): string {
  const number = Object.keys(LEVELS).find((level) => LEVELS[level] === text);
  if (number !== undefined) return number;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

test('any bytes become one Log each, without an exception', () => {
  const property = fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 10 }), (lines) => {
    const wellFormed = lines.map((bytes) => Buffer.from(Buffer.from(bytes).toString()));
    const logs = decoded(encoded(wellFormed));
    assert.equal(logs.length, lines.length);
  });
  fc.assert(property, { seed: SEED, numRuns: 3000 });
});
