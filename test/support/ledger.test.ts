// The ledger checker is believed by every other test; here it is the one that is doubted.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivesByLine, arrivesByPino, arrivesByWinston, corpusRecord } from './corpus';
import { assertLedger, checkLedger, type ExpectedRecord, type LedgerLog } from './ledger';

const START_MS = 1_760_000_000_000;
const records = Array.from({ length: 100 }, (_, n) => arrivesByPino(corpusRecord(n, START_MS), 'a'));
const expected = new Map([['a', records]]);

function logOf(record: ExpectedRecord, changes: Record<string, string> = {}): LedgerLog & { contents: unknown[] } {
  const contents = { ...Object.fromEntries(record.contents), ...changes };
  return {
    hashKey: 'h',
    packId: 'p',
    time: record.timeMs ?? 0,
    contents: Object.entries(contents).map(([key, value]) => ({ key, value })),
  };
}

describe('the ledger', () => {
  const logs = records.map((record) => logOf(record));

  it('is content with every record once, in order, unaltered', () => {
    const report = assertLedger(expected, logs);
    assert.equal(report.arrived, 100);
    assert.deepEqual(report.hashKeys.get('a'), ['h']);
    assert.deepEqual(report.differences, []);
  });

  it('counts lost records, and names them', () => {
    const report = checkLedger(expected, [...logs.slice(0, 10), ...logs.slice(13, 50), ...logs.slice(51)]);
    assert.equal(report.lost, 4);
    assert.match(report.differences[0]!, /a lost 4 of 100: n=10-12, 50$/);
  });

  it('counts duplicates, and does not count them as reordered', () => {
    const report = checkLedger(expected, [...logs, logs[3]!]);
    assert.deepEqual([report.duplicated, report.reordered], [1, 0]);
  });

  it('counts a record that arrived after a later one', () => {
    const report = checkLedger(expected, [logs[1]!, logs[0]!, ...logs.slice(2)]);
    assert.deepEqual([report.reordered, report.lost], [1, 0]);
  });

  it('counts altered records: a value, an extra key, a missing key, a time', () => {
    const [first, second, third, fourth] = records as [ExpectedRecord, ExpectedRecord, ExpectedRecord, ExpectedRecord];
    const report = checkLedger(expected, [
      logOf(first, { path: 'elsewhere' }),
      logOf(second, { extra: '1' }),
      { ...logOf(third), contents: logOf(third).contents.slice(0, -1) },
      { ...logOf(fourth), time: 1 },
      ...logs.slice(4),
    ]);
    assert.equal(report.altered, 4);
    assert.match(
      report.differences.join('\n'),
      /n=0: "path" differs from character 0: expected .* arrived "elsewhere"/,
    );
    assert.match(report.differences.join('\n'), /n=1: "extra" was never logged/);
    assert.match(report.differences.join('\n'), /n=2: "err" is missing/);
    assert.match(report.differences.join('\n'), /n=3: the time is 1, not/);
  });

  it('counts strangers, and fails for a second hash key', () => {
    const stranger = { time: 1, contents: [{ key: 'message', value: 'who?' }] };
    assert.equal(checkLedger(expected, [...logs, stranger]).strangers, 1);
    const wandering = [...logs.slice(0, 99), { ...logs[99]!, hashKey: 'other' }];
    assert.throws(() => assertLedger(expected, wandering), /a used 2 hash keys: h, other/);
  });
});

describe('the corpus', () => {
  it('is the same each time it is asked for', () => {
    for (let n = 0; n < 50; n++) {
      assert.deepEqual(corpusRecord(n, START_MS), corpusRecord(n, START_MS));
      for (const arrives of [arrivesByPino, arrivesByWinston, arrivesByLine]) {
        const record = corpusRecord(n, START_MS);
        assert.deepEqual(arrives(record, 'a'), arrives(record, 'a'));
      }
    }
  });

  it('has no two records alike', () => {
    const texts = records.map(({ contents }) => JSON.stringify([...contents]));
    assert.equal(new Set(texts).size, texts.length);
  });
});
