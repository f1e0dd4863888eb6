// Compares the tables of codes and limits in docs/targets.md with those of the core.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTargetName, TARGETS } from '@putlogs/core/internal/options/target-facts';
import type { AnswerTable, Verdict } from '@putlogs/core/internal/targets/classify';
import { ALIYUN_ANSWERS } from '@putlogs/core/internal/targets/sls/answers';
import { VOLC_ANSWERS } from '@putlogs/core/internal/targets/tls/answers';

const MIB = 1024 * 1024;
const sizeText = (bytes: number) =>
  bytes % (MIB / 2) === 0 ? `${bytes / MIB} MiB` : `${bytes.toLocaleString('en-US')} bytes`;
const page = readFileSync(join(__dirname, '../../../docs/targets.md'), 'utf8');

/** The cells of each row of the first table behind a heading. */
function tableUnder(heading: string, text = page): string[][] {
  const section = text.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const lines = section.split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const to = lines.findIndex((line, at) => at > from && !line.startsWith('|'));
  return lines.slice(from, to).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const ROWS: Readonly<Record<Verdict, string>> = {
  retry: 'retried, with backoff',
  'retry, then reject': 'retried three times, then rejected',
  'time refused': "signed again, with the service's time",
  'signature refused': "held; signed with the service's time if our clock is far off",
  hold: 'held',
  reject: 'rejected',
  'too many bytes': 'split: too many bytes',
  'too many records': 'split: too many records',
  'record too large': 'split: a record too large',
  // By the text of an answer, which is below the table.
  'record time refused': '',
};

test('every code that the core knows is in the row of its outcome, and no other', () => {
  const rows = new Map(tableUnder('How refusals are handled').map(([name, ...cells]) => [name, cells]));
  const tables: AnswerTable[] = [VOLC_ANSWERS, ALIYUN_ANSWERS];
  for (const [column, { codes }] of tables.entries()) {
    for (const [verdict, row] of Object.entries(ROWS)) {
      const known = Object.keys(codes).filter((code) => codes[code] === verdict);
      const told = [...(rows.get(row)?.[column] ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => code!);
      assert.deepEqual(told.sort(), known.sort(), verdict);
    }
  }
});

/** The emulator's own: the services do not document them. They are held by their status. */
const NOT_OF_A_SERVICE = new Set(['PathNotFound', 'MethodNotSupport']);

test('the outcome of every code with which the emulator refuses a write is in the table', () => {
  const readme = readFileSync(join(__dirname, '../../../packages/emulator/README.md'), 'utf8');
  for (const [heading, { codes }] of [
    ['What TLS checks', VOLC_ANSWERS],
    ['What SLS checks', ALIYUN_ANSWERS],
  ] as const) {
    const refusals = tableUnder(heading, readme).map(([, refusal]) => refusal!);
    const named = refusals.flatMap((refusal) => refusal.match(/\b(?:[A-Z]\w*){2,}\b/g) ?? []);
    const documented = named.filter((code) => /[a-z]/.test(code) && !NOT_OF_A_SERVICE.has(code));
    assert.ok(documented.length > 15, heading);
    for (const code of documented) assert.ok(Object.hasOwn(codes, code), `${heading}: ${code}`);
  }
});

test('the limits of each target are those that the core keeps', () => {
  const [names, ...rows] = tableUnder('Limits');
  const cells = (row: string, column: number) => rows.find(([name]) => name === row)![column]!;
  for (const [column, cell] of names!.entries()) {
    const name = cell.replaceAll('`', '');
    if (!isTargetName(name)) continue;
    const { maxBatchBytes, maxBatchCount, compressions, recordBytes } = TARGETS[name];
    assert.equal(cells('`batch.maxBytes`, at most', column), sizeText(maxBatchBytes), name);
    assert.equal(cells('`batch.maxCount`, at most', column), maxBatchCount.toLocaleString('en-US'), name);
    assert.equal(cells('`compression`', column), compressions.map((one) => `\`${one}\``).join(', '), name);
    assert.equal(cells('`maxRecordBytes`, unless it is set', column), sizeText(recordBytes), name);
  }
  assert.deepEqual(
    names!
      .slice(1)
      .map((cell) => cell.replaceAll('`', ''))
      .sort(),
    Object.keys(TARGETS).sort(),
  );
});
