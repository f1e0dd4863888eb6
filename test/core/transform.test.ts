// A function of the application's that every record goes through, from a module in either form, in either thread.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { createShipper, createWorkerShipper, type PutlogsError } from '@putlogs/core';
import { contentsOf, type Emulator, optionsFor, startEmulator } from '../support/emulator';

let emulator: Emulator;
let directory: string;
before(async () => {
  emulator = await startEmulator();
  directory = mkdtempSync(join(tmpdir(), 'putlogs-transform-'));
});
after(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true });
});

function module(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** What arrives of these lines, in a topic of its own, and what is counted. */
async function shipped(
  create: typeof createShipper | typeof createWorkerShipper,
  transform: string,
  lines: readonly string[],
) {
  const topicId = crypto.randomUUID();
  const shipper = create({ ...optionsFor(emulator), topicId, transform });
  const warnings: string[] = [];
  shipper.on('warning', ({ kind, message }) => warnings.push(`${kind}: ${message}`));
  const taken = lines.map((line) => shipper.write(line));
  await shipper.flush();
  await shipper.close();
  return { contents: emulator.logs({ topicId }).map(contentsOf), stats: shipper.stats(), warnings, taken };
}

const LINES = ['{"n":1,"user":"a"}', '{"n":2,"noise":true}', 'no JSON', '{"n":3}', '{"n":4,"bad":true}'];
const BODY = `(record) => {
  if (record.bad) throw new Error('bad on purpose');
  if (record.noise) return undefined;
  return { ...record, seen: 'yes' };
}`;

for (const [where, create] of [
  ['in one thread', createShipper],
  ['in a worker', createWorkerShipper],
] as const) {
  for (const [form, name, text] of [
    ['a CommonJS module', 'common.cjs', `module.exports = ${BODY};`],
    ['an ES module', 'module.mjs', `export default ${BODY};`],
    ['what a compiler makes of one', 'compiled.js', `exports.__esModule = true; exports.default = ${BODY};`],
  ] as const) {
    test(`${form} changes records, leaves them out, and costs none by an error: ${where}`, async () => {
      const { contents, stats, warnings } = await shipped(create, module(name, text), LINES);
      assert.deepEqual(contents, [
        { n: '1', user: 'a', seen: 'yes' },
        { message: 'no JSON' },
        { n: '3', seen: 'yes' },
        { n: '4', bad: 'true' },
      ]);
      assert.equal(stats.delivered, 4);
      assert.equal(stats.pending, 0);
      // What a host has let in and its worker leaves out was accepted; in one thread it was not.
      assert.equal(stats.dropped.filtered + stats.refused.filtered, 1);
      assert.equal(stats.transformFailures, 1);
      assert.deepEqual(warnings, ['transform: transform failed, the record is sent unchanged: bad on purpose']);
    });
  }
}

test('whatever it returns, nothing is thrown: if it is not a record, the original record is sent', async () => {
  for (const [gives, told] of [
    ['5', 'it returned no object'],
    ['[record]', 'it returned no object'],
    ['Promise.resolve(record)', 'it returned a promise'],
    ['{ n: 1n }', 'Do not know how to serialize a BigInt'],
    ['(record.self = record)', /^Converting circular structure/],
    ['{ toJSON() { return undefined; } }', /must be of type string/],
  ] as const) {
    const { contents, stats, warnings } = await shipped(
      createShipper,
      module(`gives${Math.random()}.cjs`, `module.exports = (record) => (${gives});`),
      ['{"n":1}'],
    );
    assert.deepEqual(contents, [{ n: '1' }], gives);
    assert.equal(stats.transformFailures, 1);
    const [problem] = warnings.map((warning) => warning.replace(/^.* unchanged: /, ''));
    if (typeof told === 'string') assert.equal(problem, told);
    else assert.match(problem!, told);
  }
});

test('a path is read from the working directory', async () => {
  const path = relative(process.cwd(), module('relative.cjs', `module.exports = ${BODY};`));
  const { contents } = await shipped(createShipper, path, ['{"n":1}']);
  assert.deepEqual(contents, [{ n: '1', seen: 'yes' }]);
});

test('a module that is not there, cannot be loaded or exports no function is an error of the options', () => {
  for (const [path, problem] of [
    [join(directory, 'none.cjs'), /transform: there is no module .*none\.cjs/],
    [module('broken.cjs', 'module.exports = ('), /transform: .*broken\.cjs cannot be loaded: /],
    [module('empty.cjs', 'module.exports = {};'), /transform: the default export of .*empty\.cjs is not a function/],
    [module('waits.mjs', 'await 1; export default (r) => r;'), /transform: .*waits\.mjs cannot be loaded: /],
  ] as const) {
    assert.throws(
      () => createShipper({ ...optionsFor(emulator), transform: path }),
      (error: PutlogsError) => error.code === 'ERR_PUTLOGS_OPTIONS' && problem.test(error.message),
    );
  }
  assert.throws(
    () => createWorkerShipper({ ...optionsFor(emulator), transform: join(directory, 'none.cjs') }),
    /transform: there is no module/,
  );
  assert.throws(
    () => createShipper({ ...optionsFor(emulator), transform: ((record: object) => record) as unknown as string }),
    /transform: is a function; options are plain data because they are sent to a thread; name a module whose default export/,
  );
});
