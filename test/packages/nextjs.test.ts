// examples/nextjs: built as in a pipeline, without a key, and run from a copy of the standalone output.
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { ChildResult, StartedChild } from '../support/child';
import { closedPort } from '../support/emulator';
import { type Application, installedExample, newDirectory } from './application';
import { nodesFrom } from './nodes';
import { shipFromServer } from './ship';

const BUILD_TIMEOUT_MS = 600_000;
const NOTICE = /^putlogs: next build loads the application, so nothing is started and no record is sent/m;

suite('Next.js', () => {
  let application: Application;
  before(async () => {
    application = await installedExample('nextjs');
  });

  /** As a pipeline does: without a key. */
  function build(bundler: string): Promise<ChildResult> {
    rmSync(join(application.directory, '.next'), { recursive: true, force: true });
    return application.node('node_modules/next/dist/bin/next', {
      args: ['build', `--${bundler}`],
      env: { NEXT_TELEMETRY_DISABLED: '1', CI: '1' },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
  }

  for (const bundler of ['turbopack', 'webpack']) {
    test(`built by ${bundler} without a key, its standalone output ships elsewhere by both loggers`, async () => {
      const { code, stdout, stderr } = await build(bundler);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stderr, NOTICE);

      const elsewhere = newDirectory();
      cpSync(join(application.directory, '.next/standalone'), elsewhere, { recursive: true, verbatimSymlinks: true });
      const installed = join(application.directory, 'node_modules');
      renameSync(installed, `${installed}-hidden`);
      try {
        for (const command of nodesFrom(20)) {
          // Next.js takes port 0 for no port.
          const port = await closedPort();
          await shipFromServer(['order read', 'order checked'], {
            cwd: elsewhere,
            command,
            args: ['server.js'],
            env: { PORT: `${port}`, HOSTNAME: '127.0.0.1', NEXT_TELEMETRY_DISABLED: '1' },
            port: async (server: StartedChild) => {
              await server.line('Ready');
              return port;
            },
          });
        }
      } finally {
        renameSync(`${installed}-hidden`, installed);
      }
    });
  }

  test('a build that would leave out the worker fails, and says what to configure', async () => {
    writeFileSync(join(application.directory, 'next.config.mjs'), "export default { output: 'standalone' };");
    const { code, stdout, stderr } = await build('turbopack');
    assert.equal(code, 1, stdout);
    assert.match(stderr, /In Next\.js, name @putlogs\/winston in serverExternalPackages/);
  });
});
