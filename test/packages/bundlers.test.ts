// What docs/bundlers.md shows, built and run as it stands there: the page is the source of every file.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runChild } from '../support/child';
import { blocksOf } from '../support/pages';
import { type Application, freshApplication } from './application';
import { nodesFrom } from './nodes';
import { type Shipped, ship, shipQuietly } from './ship';

const BUILD_TIMEOUT_MS = 300_000;
const RECORDS = ['from pino', 'from winston'];
const blocks = blocksOf('docs/bundlers.md');

/** Webpack without its command: a package less to install. */
const RUN_WEBPACK = `
const { webpack } = require('webpack');
webpack(require(process.argv[2]), (error, stats) => {
  if (error === null && !stats.hasErrors() && !stats.hasWarnings()) return;
  process.stderr.write(error?.stack ?? stats.toString());
  process.exitCode = 1;
});
`;

suite('a bundle', () => {
  let application: Application;
  before(async () => {
    application = await freshApplication({
      manager: 'pnpm',
      dependencies: ['@putlogs/pino', '@putlogs/winston', 'pino', 'winston', 'lz4-napi', 'esbuild', 'webpack'],
      files: { ...Object.fromEntries(blocks.map(({ file, code }) => [file, code])), 'run-webpack.cjs': RUN_WEBPACK },
    });
  });

  const elsewhere = mkdtempSync(join(tmpdir(), 'putlogs-bundle-'));
  after(() => rmSync(elsewhere, { recursive: true }));

  async function build(recipe: string): Promise<void> {
    rmSync(join(application.directory, 'dist'), { recursive: true, force: true });
    const isWebpack = recipe.endsWith('.cjs');
    const { code, stdout, stderr } = isWebpack
      ? await application.node('run-webpack.cjs', {
          args: [join(application.directory, recipe)],
          timeoutMs: BUILD_TIMEOUT_MS,
        })
      : await application.node(recipe);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, '');
  }

  const recipes = blocks.map(({ file }) => file).filter((file) => /^(esbuild|webpack)-/.test(file));

  test('is made by every file of the page', () => {
    const files = blocks.map(({ file }) => file);
    assert.deepEqual(
      files.filter((file) => !recipes.includes(file)),
      ['in-process.mjs', 'workers.mjs', 'several-targets.mjs'],
    );
    assert.equal(recipes.length, 7);
  });

  for (const recipe of recipes) {
    const app = recipe === 'esbuild-one-module.mjs' ? 'app.mjs' : 'app.js';

    test(`by ${recipe} ships its records`, async () => {
      await build(recipe);
      for (const node of nodesFrom(20))
        assert.deepEqual(await shipQuietly(application, `dist/${app}`, { node }), RECORDS);

      if (recipe.includes('outside')) return;
      await alone(app, { PUTLOGS_COMPRESSION: 'zlib' }, ({ result, messages }) => {
        assert.equal(result.stderr, '');
        assert.deepEqual(messages, RECORDS);
      });
      // Without LZ4, and with a module that was not there when it was bundled.
      const module = join(application.directory, 'credentials.mjs');
      writeFileSync(module, "export default () => ({ accessKeyId: 'demo', accessKeySecret: 'demo-secret' });");
      const env = {
        PUTLOGS_CREDENTIALS_MODULE: module,
        VOLCENGINE_ACCESS_KEY_ID: '',
        VOLCENGINE_ACCESS_KEY_SECRET: '',
      };
      await alone(app, env, ({ result, messages }) => {
        assert.deepEqual(messages, RECORDS);
        const line = "putlogs: LZ4 could not be loaded, zlib is used instead: Cannot find module 'lz4-napi'";
        assert.deepEqual(result.stderr.trim().split('\n'), [line, line]);
      });
    });
  }

  for (const recipe of ['esbuild-workers.mjs', 'webpack-workers.cjs']) {
    test(`by ${recipe} ships the records of pino's several targets`, async () => {
      const { code } = blocks.find(({ file }) => file === recipe)!;
      const changed = `several-${recipe}`;
      writeFileSync(join(application.directory, changed), code.replace('workers.mjs', 'several-targets.mjs'));
      await build(changed);
      await alone('app.js', { PUTLOGS_COMPRESSION: 'zlib' }, ({ result, messages }) => {
        assert.deepEqual(messages, ['from pino']);
        assert.match(result.stdout, /"msg":"from pino"/);
      });
    });
  }

  /** Runs what was built in a place where nothing is installed. */
  async function alone(app: string, env: Record<string, string>, check: (shipped: Shipped) => void): Promise<void> {
    const place = mkdtempSync(join(elsewhere, 'alone-'));
    cpSync(join(application.directory, 'dist'), place, { recursive: true });
    const shipped = await ship({ ...application, directory: place }, app, { env });
    assert.equal(shipped.result.code, 0, shipped.result.stderr);
    check(shipped);
  }

  test('without the worker that it needs names the missing file at start, and what to do', async () => {
    const config = {
      entryPoints: ['workers.mjs'],
      bundle: true,
      platform: 'node',
      outfile: 'dist/app.js',
    };
    const program = `require('esbuild').buildSync(${JSON.stringify(config)})`;
    await runChild('', { command: process.execPath, args: ['-e', program], cwd: application.directory });
    const { result } = await ship(application, 'dist/app.js');
    assert.equal(result.code, 1);
    assert.match(
      result.stderr,
      /no worker thread could be started: \S+dist\/worker\.js does not exist\. In a bundle, .*docs\/bundlers\.md/,
    );
    assert.match(result.stderr, /ERR_PUTLOGS_WORKER/);
  });
});
