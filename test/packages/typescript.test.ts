// A TypeScript application, with the libraries' declarations checked as well.
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { type Application, freshApplication } from './application';
import { shipQuietly } from './ship';
import { VERSIONS } from './versions';

suite('a TypeScript application', () => {
  let application: Application;
  before(async () => {
    application = await freshApplication({
      manager: 'npm',
      dependencies: [
        '@putlogs/core',
        '@putlogs/emulator',
        '@putlogs/pino',
        '@putlogs/winston',
        'pino',
        'winston',
        '@types/node',
        'typescript',
        'typescript-5',
      ],
      files: 'typescript',
    });
  });

  for (const compiler of ['typescript', 'typescript-5'] as const) {
    const version = VERSIONS[compiler].replace(/.*@/, '');

    test(`compiles by ${version} as for node, and ships its records`, async () => {
      await compile(compiler, 'tsconfig.nodenext.json');
      const own = ['core, own thread', 'pino, own thread', 'pino, worker', 'winston, own thread'];
      assert.deepEqual(await shipQuietly(application, 'built/main.mjs'), [
        'core, own thread',
        'core, worker',
        ...own.slice(1),
      ]);
      assert.deepEqual(await shipQuietly(application, 'built/main.cjs'), [
        'core, worker',
        'pino, own thread',
        'winston, own thread',
      ]);
    });

    test(`compiles by ${version} as for a bundler`, () => compile(compiler, 'tsconfig.bundler.json'));
  }

  async function compile(compiler: string, project: string): Promise<void> {
    const { code, stdout, stderr } = await application.node(`node_modules/${compiler}/bin/tsc`, {
      args: ['--project', project],
    });
    assert.equal(code, 0, stdout + stderr);
  }
});
