// Plain applications on each node: both kinds of modules, both kinds of installation.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { runChild } from '../support/child';
import { type Application, freshApplication } from './application';
import { nodeBinary, nodeIsMissing } from './nodes';
import { packedPackages } from './packed';
import { shipQuietly } from './ship';
import { NODE_VERSIONS } from './versions';

const names = packedPackages().map(({ manifest }) => manifest.name as `@putlogs/${string}`);
const WAYS = ['core', 'pino', 'winston'].flatMap((name) => [`${name}, own thread`, `${name}, worker`]);

for (const manager of ['npm', 'pnpm'] as const) {
  suite(`installed by ${manager}`, () => {
    let application: Application;
    before(async () => {
      const dependencies = [...names, 'pino', 'winston', '@opentelemetry/api'] as const;
      application = await freshApplication({ manager, dependencies, files: 'node' });
    });

    for (const version of NODE_VERSIONS) {
      const skip = nodeIsMissing(version);
      const node = nodeBinary(version);
      for (const file of ['main.cjs', 'main.mjs']) {
        test(`node ${version} ships the records of ${file}`, { skip }, async () => {
          assert.deepEqual(await shipQuietly(application, file, { node }), WAYS);
        });
      }

      test(`node ${version} gets the same from import and require, at every entry`, { skip }, async () => {
        const entries = packedPackages().flatMap(({ manifest }) =>
          Object.keys(manifest.exports ?? {}).map((path) => manifest.name + path.slice(1)),
        );
        const path = join(application.directory, 'faces.mjs');
        const { stdout, stderr } = await runChild(path, {
          command: node,
          args: [path, ...entries],
          cwd: application.directory,
        });
        assert.equal(stderr, '');
        const faces = JSON.parse(stdout) as Record<string, { required: []; imported?: []; isSame?: boolean }>;
        assert.deepEqual(Object.keys(faces), entries);
        for (const [entry, { required, imported, isSame }] of Object.entries(faces)) {
          assert.ok(required.length > 0, `${entry} gives nothing`);
          if (imported === undefined) continue;
          assert.deepEqual(imported, required, entry);
          assert.ok(isSame, `${entry} is loaded twice`);
        }
      });
    }

    test('files that are not exported cannot be loaded', () => {
      const require = `require('@putlogs/core/internal/record/transcode')`;
      return runChild('', { command: process.execPath, args: ['-e', require], cwd: application.directory }).then(
        ({ stderr }) => assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/),
      );
    });

    for (const { manifest } of packedPackages()) {
      for (const command of Object.keys(manifest.bin ?? {})) {
        test(`the command ${command} is there, and says how it is used`, async () => {
          const { code, stdout } = await runChild('', {
            command: join(application.directory, 'node_modules/.bin', command),
            args: ['--help'],
            cwd: application.directory,
          });
          assert.equal(code, 0);
          assert.match(stdout, new RegExp(command));
        });
      }
    }
  });
}

test('an application that depends on the adapter only gets the packages that it needs, and no more', async () => {
  const application = await freshApplication({
    manager: 'pnpm',
    dependencies: ['pino', '@putlogs/pino'],
    files: {
      'main.cjs':
        "exports.logger = require('pino')({ transport: { target: '@putlogs/pino' } }); exports.logger.info('alone');",
    },
  });
  assert.deepEqual(await shipQuietly(application, 'main.cjs'), ['alone']);
  const installed = readdirSync(join(application.directory, 'node_modules/.pnpm'));
  assert.ok(installed.some((name) => name.startsWith('@putlogs+core')));
  assert.doesNotMatch(installed.join('\n'), /winston|protobufjs|emulator/);
});
