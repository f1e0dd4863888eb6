// A stderr that takes nothing: the application's thread never waits for it, and no warning's event is lost.
//
// The first warning comes from a transform that throws. Warnings of the network would not show the problem: Node makes
// stderr non-blocking when it closes a socket.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryDirectory } from '../support/directory';
import { addressOf, closedPort, environmentFor, until } from '../support/emulator';

const app = join(__dirname, 'apps/full-stderr.js');
const fill = join(__dirname, '../../core/apps/fill-stderr.cjs');
/** Longer than any pause that the application's own work causes on a busy machine. */
const MOST_BLOCKED_MS = 5000;

interface Printed {
  readonly codes: readonly string[];
  readonly longestMs: number;
}

/** Starts the program with an address that nothing listens on, and returns its stdout so far. */
async function start(
  args: readonly string[],
  stderr: 'pipe' | number,
): Promise<{ child: ChildProcess; out: () => string }> {
  const transform = join(temporaryDirectory('stderr'), 'throws.cjs');
  writeFileSync(transform, "module.exports = () => { throw new Error('on purpose'); };");
  const variables = { PUTLOGS_TRANSFORM: transform, PUTLOGS_LINGER_MS: '60000', PUTLOGS_CLOSE_TIMEOUT_MS: '50' };
  const endpoint = addressOf(`http://127.0.0.1:${await closedPort()}`);
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environmentFor(endpoint, variables), NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', stderr],
  });
  after(() => child.kill('SIGTERM'));
  // Node reads a part of a pipe ahead, so that it would not stay full.
  child.stderr?.pause();
  let out = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return { child, out: () => out };
}

async function assertUnblocked({ child, out }: Awaited<ReturnType<typeof start>>): Promise<void> {
  const ended = child.exitCode === null ? once(child, 'close') : Promise.resolve();
  const timer = setTimeout(() => child.kill('SIGTERM'), 20_000);
  await ended;
  clearTimeout(timer);
  assert.notEqual(out(), '', 'the warning’s event did not arrive: the application was blocked');
  const { codes, longestMs } = JSON.parse(out().trim().split('\n').at(-1)!) as Printed;
  assert.equal(codes[0], 'TRANSFORM_FAILED');
  assert.ok(longestMs < MOST_BLOCKED_MS, `${longestMs} ms`);
  assert.equal(child.exitCode, 0);
}

/** A named pipe that is full. Its reader is this process. */
function fullPipe(): { reader: number; writer: number } {
  const path = join(temporaryDirectory('stderr'), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(reader, 'x'.repeat(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

for (const ships of ['in its own thread', 'worker']) {
  test(`a full pipe that nothing reads does not block the application: ${ships}`, async () => {
    await assertUnblocked(await start([app, ships], fullPipe().writer));
  });

  test(`a full socket that nothing reads does not block the application: ${ships}`, async () => {
    await assertUnblocked(await start([fill, app, ships], 'pipe'));
  });

  test(`once a full pipe is read, the last line of a process is written, and the missing lines are counted: ${ships}`, async () => {
    const { reader, writer } = fullPipe();
    const started = await start([app, ships], writer);
    await until('the first warning has its event', () => started.out() !== '');
    const ended = once(started.child, 'exit');
    const chunk = Buffer.alloc(64 * 1024);
    let text = '';
    const read = () => {
      try {
        text = (text + chunk.toString('utf8', 0, readSync(reader, chunk))).slice(-10_000);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      }
    };
    read();
    await ended;
    read();
    const lines = text.replace(/^x+/, '').trim().split('\n');
    assert.match(lines.at(-1)!, /^putlogs: 1 record is lost: /);
    assert.match(lines[0]!, / \(stderr was full: 1 line before this one could not be written\)$/);
  });
}
