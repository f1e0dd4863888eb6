// A worker of pino that is blocked, in front of which pino buffers without a limit of ours.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, environmentFor, startEmulator } from '../support/emulator';

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator();
});
after(() => emulator.close());

it('an application that leaves records out while the ring is full does not grow, and goes on when it is read', async () => {
  const { code, stdout, stderr } = await runChild(join(__dirname, 'apps/blocked-worker.js'), {
    env: { ...environmentFor(emulator), UNBLOCK_FILE: join(temporaryDirectory('blocked'), 'go') },
  });
  assert.equal(code, 0, stderr);
  const { logged, leftOut, grownBytes } = JSON.parse(stdout) as Record<string, number>;
  assert.ok(leftOut! >= 100_000, stdout);
  assert.ok(grownBytes! < 2 ** 20, stdout);
  assert.equal(emulator.stats().logs, logged);
  assert.equal(contentsOf(emulator.logs().at(-1)!)['msg'], 'again');
});
