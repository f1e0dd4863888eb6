// Each fault in docs/faults.md names a test that shows its behaviour, and other pages name tests for their promises.
// These tests must exist.
//
// A reference is `test/folder/file.test.ts` "title", and further titles of that file may follow. A title is the whole
// title, or a part of it that no other test of the file has. If a loop completes the title, the reference has a part
// of the text in the source, or the whole title with values from the file.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const FAULTS = 157;
const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/faults.md'), 'utf8');

interface Row {
  readonly number: number;
  readonly cells: readonly string[];
}

const rows: Row[] = page.split('\n').flatMap((line) => {
  const [, number, ...cells] = line.split('|').map((cell) => cell.trim());
  return number !== undefined && /^\d+$/.test(number) ? [{ number: Number(number), cells: cells.slice(0, -1) }] : [];
});

interface Reference {
  readonly file: string;
  readonly titles: readonly string[];
}

function referencesIn(text: string): Reference[] {
  return [...text.matchAll(/`(test\/[^`]+)`((?:,? "[^"]+")*)/g)].map(([, file, titles]) => {
    return { file: file!, titles: [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!) };
  });
}

/** A title in the source: its fixed parts, and the gaps between them that a loop fills. */
interface Title {
  readonly parts: readonly string[];
  /** The title is this field of the elements of a loop. */
  readonly field?: string;
}

const CALL = /\b(?:test|it|describe)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`|([\w.]+),)/g;

function titlesIn(source: string): Title[] {
  return [...source.matchAll(CALL)].map(([, single, double, template, expression]) => {
    if (expression !== undefined) return { parts: ['', ''], field: expression.split('.').at(-1)! };
    const text = single ?? double;
    const parts = text === undefined ? template!.split(/\$\{[^}]*\}/) : [text];
    return { parts: parts.map((part) => part.replace(/\\(.)/g, '$1')) };
  });
}

/** Whether the quoted text is this whole title, with texts of the source in its gaps. */
function isWhole({ parts, field }: Title, quoted: string, source: string): boolean {
  const literal = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const fills = new RegExp(`^${literal.join('(.+)')}$`).exec(quoted)?.slice(1);
  const before = field === undefined ? '' : `${field}: `;
  return fills?.every((fill) => source.includes(`${before}'${fill}'`)) === true;
}

function assertNamesOne(quoted: string, file: string, source: string): void {
  const titles = titlesIn(source);
  const whole = titles.filter((title) => isWhole(title, quoted, source));
  const found = whole.length > 0 ? whole : titles.filter(({ parts }) => parts.some((part) => part.includes(quoted)));
  assert.equal(found.length, 1, `${file} has ${found.length} tests with "${quoted}" in their titles`);
}

test('docs/faults.md has every fault once, in order, with what happens and what shows it', () => {
  assert.deepEqual(
    rows.map(({ number }) => number),
    Array.from({ length: FAULTS }, (_, i) => i + 1),
  );
  for (const { number, cells } of rows) {
    assert.equal(cells.length, 3, `row ${number}: a | of its own?`);
    for (const cell of cells) assert.ok(cell.length > 0, `row ${number}`);
    const [, , shownBy] = cells as [string, string, string];
    const isShown = referencesIn(shownBy).some(({ titles }) => titles.length > 0);
    assert.ok(isShown || /^(By decision|Not shown): .+\.$/.test(shownBy), `row ${number}: neither a test nor a reason`);
  }
});

/** Each page with its minimum number of references, so that a page without references fails. */
const PAGES = { 'docs/faults.md': FAULTS, 'docs/guarantees.md': 11, 'docs/protocol.md': 8 };

for (const [name, least] of Object.entries(PAGES)) {
  test(`every test that ${name} names exists`, () => {
    const text = readFileSync(join(root, name), 'utf8');
    const references = referencesIn(text.split('\n## ').slice(1).join('\n## '));
    assert.ok(references.length >= least);
    for (const { file, titles } of references) {
      assert.ok(existsSync(join(root, file)), `${file} does not exist`);
      assert.ok(titles.length > 0, `${file} is named without a test`);
      const source = readFileSync(join(root, file), 'utf8');
      for (const title of titles) assertNamesOne(title, file, source);
    }
  });
}
