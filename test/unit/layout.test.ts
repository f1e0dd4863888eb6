// The layout of packages/core/src: which files lie in its root, and that folders import only folders below them.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';

const source = join(__dirname, '../../../packages/core/src');

/** From the ground up: a folder imports only folders before it. */
const FOLDERS = [
  'runtime',
  'telemetry',
  'http',
  'options',
  'credentials',
  'protobuf',
  'record',
  'batch',
  'targets',
  'spool',
  'dead-letter',
  'delivery',
  'shipper',
  'host',
  'maintenance',
];

/** What package.json names, each as CommonJS and for `import`. */
const ENTRIES = ['index', 'otel', 'tools', 'worker'].flatMap((name) => [`${name}.ts`, `${name}.mts`]);
/** Types that every folder may import. */
const PUBLIC_TYPES = ['errors.ts', 'sink.ts'];

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

const files = filesBelow(source).map((path) => relative(source, path));

function folderOf(file: string): string {
  return file.includes(sep) ? file.slice(0, file.indexOf(sep)) : '.';
}

/** The files that a file imports, requires, or takes types from. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import|require)\s*\(?\s*'(\.[^']+)'/g)].map(
    ([, specifier]) => specifier!,
  );
  return specifiers.flatMap((specifier) => {
    const base = join(source, dirname(file), specifier).replace(/\.m?js$/, '');
    const found = [`${base}.ts`, `${base}.mts`].find((path) => existsSync(path));
    // package.json, which is no source.
    return found === undefined ? [] : [relative(source, found)];
  });
}

test('the root of core has the entry points, the public types, and nothing else', () => {
  const inRoot = files.filter((file) => folderOf(file) === '.');
  assert.deepEqual(inRoot.sort(), [...ENTRIES, ...PUBLIC_TYPES].sort());
  const folders = new Set(files.map(folderOf));
  folders.delete('.');
  assert.deepEqual([...folders].sort(), [...FOLDERS].sort());
});

test('folders of core import only folders below them', () => {
  const upwards = files.flatMap((file) => {
    const from = FOLDERS.indexOf(folderOf(file));
    // The entry points are the roof.
    if (from === -1) return [];
    return importsOf(file)
      .filter(
        (imported) =>
          !PUBLIC_TYPES.includes(imported) &&
          !(FOLDERS.indexOf(folderOf(imported)) <= from && folderOf(imported) !== '.'),
      )
      .map((imported) => `${file} imports ${imported}`);
  });
  assert.deepEqual(upwards, []);
  assert.ok(files.flatMap(importsOf).length > 500, 'the imports are found');
});

test('the public types of core import no folder, except types of the telemetry', () => {
  const imported = PUBLIC_TYPES.flatMap(importsOf).filter((file) => folderOf(file) !== 'telemetry');
  assert.deepEqual(
    imported.filter((file) => !PUBLIC_TYPES.includes(file)),
    [],
  );
});

const MAX_LINES = 300;
/** Longer files, with the reason. None may have more than 400 lines. */
const LONG: Readonly<Record<string, string>> = {
  'delivery/queue.ts': 'one owner of every unfinished batch: its invariants hold between these methods',
  'spool/journal-cursor.ts': 'one reading of a journal: each step depends on the place of the one before',
  'spool/progress.ts': 'one file format: what it writes and what it reads',
  'shipper/delivery.ts': 'the wiring of one path, from top to bottom',
  'shipper/shipper.ts': 'the wiring of all stages, from top to bottom',
  'options/types.ts': 'generated from the schema: what an editor shows of each option',
  'telemetry/warning-catalogue.ts': 'a catalogue: one function for each warning',
  'spool/spool.ts': 'one life of a run: it opens, renews, is evicted, closes',
  'record/transcode.ts': 'what becomes of one field, in all cases',
};

test('a file of core has at most 300 lines, or a reason', () => {
  const lines = (file: string) => readFileSync(join(source, file), 'utf8').split('\n').length - 1;
  const long = files.filter((file) => lines(file) > MAX_LINES);
  assert.deepEqual(long.sort(), Object.keys(LONG).sort());
  assert.deepEqual(
    long.filter((file) => lines(file) > 400),
    [],
  );
});
