// examples/nextjs: built as in a pipeline, without a key, and run from a copy of the standalone output.
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { StartedChild } from '../support/child';
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

  for (const bundler of ['turbopack', 'webpack']) {
    test(`built by ${bundler} without a key, its standalone output ships elsewhere by both loggers`, async () => {
      rmSync(join(application.directory, '.next'), { recursive: true, force: true });
      const { code, stdout, stderr } = await application.node('node_modules/next/dist/bin/next', {
        args: ['build', `--${bundler}`],
        env: { NEXT_TELEMETRY_DISABLED: '1', CI: '1' },
        timeoutMs: BUILD_TIMEOUT_MS,
      });
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
});
