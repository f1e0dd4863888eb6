// CONTRIBUTING.md has one test to copy for each folder of test/. Each is run here, in one process, as it is in the
// page.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { runChild } from '../support/child';
import { blocksOf, root } from '../support/pages';

const PAGE = 'CONTRIBUTING.md';
/** Its tests read the tarballs of `npm run test:packages`. */
const OF_TARBALLS = 'packages';
const built = join(root, 'test/dist');

const templates = blocksOf(PAGE)
  .filter(({ file }) => file.startsWith('test/'))
  .map(({ file, code }) => ({ folder: dirname(file).replace('test/', ''), code }));

/** The imports of a page as what TypeScript makes of them: the tests are CommonJS. */
function asCommonJs(code: string): string {
  return code.replace(/^import (.+?) from '(.+?)';$/gm, (_, names: string, name: string) => {
    return `const ${names} = require('${name}');`;
  });
}

test('there is one test to copy for each folder of tests', () => {
  const folders = readdirSync(join(root, 'test')).filter((name) => {
    const place = join(root, 'test', name);
    return existsSync(join(built, name)) && readdirSync(place).some((file) => file.endsWith('.test.ts'));
  });
  assert.deepEqual(templates.map(({ folder }) => folder).sort(), folders.sort());
});

test('every test to copy passes', async () => {
  const written: string[] = [];
  after(() => {
    for (const file of written) rmSync(file, { force: true });
  });
  for (const { folder, code } of templates) {
    if (folder === OF_TARBALLS) continue;
    const file = join(built, folder, `copy-${process.pid}.js`);
    writeFileSync(file, asCommonJs(code));
    written.push(file);
  }
  const all = join(built, `copy-${process.pid}.js`);
  writeFileSync(all, written.map((file) => `require(${JSON.stringify(file)});\n`).join(''));
  written.push(all);
  const { code, stdout, stderr } = await runChild(all);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, new RegExp(`^(?:#|ℹ) pass ${templates.length - 1}$`, 'm'));
});

test('every file that the page names exists', () => {
  const text = readFileSync(join(root, PAGE), 'utf8').replace(/^```.*?^```/gms, '');
  const named = [...text.matchAll(/`((?:packages|test|scripts)\/[\w./-]+\.(?:ts|mjs))`/g)].map(([, path]) => path!);
  assert.ok(named.length > 30);
  for (const path of named) assert.ok(existsSync(join(root, path)), path);
});
