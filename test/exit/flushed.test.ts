// A process that delivered everything before its end leaves nothing in the spool for the next one to look after.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runChild } from '../support/child';
import { leftIn, temporaryDirectory } from '../support/directory';
import { emulatorForTest, environmentFor } from '../support/emulator';

const TRANSPORTS = [
  'pino',
  'winston in a worker',
  'winston in one thread',
  'the core in a worker',
  'the core in one thread',
];

describe('after a flush, a process that ends leaves nothing in its spool', { concurrency: 2 }, () => {
  for (const transport of TRANSPORTS) {
    for (const end of ['naturally', 'exit']) {
      it(`${transport}, ${end === 'exit' ? 'by process.exit' : end}`, async () => {
        const emulator = await emulatorForTest();
        const dir = temporaryDirectory('flushed');
        const env = environmentFor(emulator, { PUTLOGS_SPOOL_DIR: dir, PUTLOGS_SPOOL_MODE: 'always' });
        const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/flushed-app.js'), {
          args: [transport, end],
          env,
        });
        assert.equal(code, 0, stderr);
        assert.equal(stdout, 'flushed\n', stderr);
        assert.equal(emulator.logs().length, 1);
        assert.deepEqual(leftIn(dir), []);
      });
    }
  }
});
