// FIFOs, sockets and devices in the place of files that putlogs opens: no thread blocks, and Node's `require` still
// works.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { takeLock } from '@putlogs/core/internal/dead-letter/lock';
import { rotatedOf } from '@putlogs/core/internal/dead-letter/names';
import { openToAppend } from '@putlogs/core/internal/dead-letter/open';
import { roomIn } from '@putlogs/core/internal/dead-letter/rotation';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { Disk } from '@putlogs/core/internal/spool/disk';
import { probe } from '@putlogs/core/internal/spool/liveness';
import { ROOT } from '@putlogs/core/internal/spool/names';
import { readOwner, rewriteOwner } from '@putlogs/core/internal/spool/owner-file';
import { openRoot } from '@putlogs/core/internal/spool/root';
import { SegmentReader } from '@putlogs/core/internal/spool/segment-reader';
import { partsIn } from '@putlogs/core/tools';
import { temporaryDirectory } from '../support/directory';
import { batchOf, journalIn } from '../support/journals';
import { linkedPackages } from '../support/linked-packages';

const skip = process.platform === 'win32' ? 'Windows has no FIFOs' : false;
const LIMIT_MS = 20_000;

function fifo(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}

async function socketAt(path: string): Promise<string> {
  const server = createServer().unref();
  after(() => server.close());
  await new Promise<void>((listening) => server.listen(path, listening));
  return path;
}

const OWNER = { run: newRun(1), beat: 1, leaseMs: 1, socket: false, dev: '', instance: '', dests: [], named: '' };
const NO_PROCESS = { host: '', boot: '', pidns: '', pid: 1, start: '' };

/** Looks at whatever lies under the path. */
const LOOKS: Readonly<Record<string, (path: string) => unknown>> = {
  'the read of an owner file': (path) => readOwner(new Disk(false), path),
  'the renewal of an owner file': (path) => rewriteOwner(new Disk(false), path, { ...OWNER, ...NO_PROCESS }),
  'the probe of a liveness socket': (path) => void probe(new Disk(false), path, systemClock),
  'the read of a segment': (path) => new SegmentReader(new Disk(false), path).size(),
  'the start of a spool': (path) => openRoot(new Disk(false), path),
  'the append of a dead letter': (path) => assert.throws(() => openToAppend(path), /not a regular file/),
  'the look at the older file of the dead letters': (path) => roomIn(path.replace(rotatedOf(''), ''), 0, 1_000_000),
};

for (const [what, look] of Object.entries(LOOKS)) {
  test(`${what} that is a FIFO or a socket leaves Node able to load packages that are links`, { skip }, async () => {
    const directory = temporaryDirectory('special');
    const paths = [
      fifo(join(directory, `fifo${rotatedOf('')}`)),
      await socketAt(join(directory, `socket${rotatedOf('')}`)),
    ];
    for (const path of paths) {
      const load = linkedPackages();
      assert.equal(load('early'), 7);
      look(path);
      assert.equal(load('late'), 7, path);
    }
  });
}

test('our own directory that is a FIFO is refused, and Node can load packages that are links', { skip }, () => {
  const dir = temporaryDirectory('special');
  fifo(join(dir, ROOT));
  const load = linkedPackages();
  load('early');
  const root = openRoot(new Disk(false), dir);
  assert.equal(load('late'), 7);
  assert.match(root.kind === 'failed' ? root.message : '', /is not a directory/);
});

test('a lock file that is a FIFO does not block a process that takes the lock', { skip }, () => {
  const prefix = join(temporaryDirectory('special'), 'lock-');
  fifo(`${prefix}${'0'.repeat(12)}-1--${'0'.repeat(8)}`);
  const load = linkedPackages();
  load('early');
  const lock = takeLock(prefix, 1);
  assert.equal(load('late'), 7);
  assert.equal(lock.kind, 'busy', 'a process on another host may hold it for a minute');
});

/** In a process of its own, because what it tests for would block this one for ever. */
function answerOf(code: string): string {
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['-e', code], {
    cwd: __dirname,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  assert.equal(signal, null, 'it did not end');
  return `${stdout}${stderr}`;
}

test('a progress file that is a FIFO blocks no read-only tool, and all its records count as not finished', {
  skip,
}, () => {
  const dir = temporaryDirectory('special');
  const { append, path, writer, journal } = journalIn(dir);
  append(batchOf(0, 5));
  writer.close();
  journal.close();
  execFileSync('rm', [join(path, '000.progress')]);
  fifo(join(path, '000.progress'));
  const answer = answerOf(`
    const { partsIn } = require('@putlogs/core/tools');
    for (const { unfinished, failure } of partsIn(${JSON.stringify(dir)})) console.log(unfinished, failure);
  `);
  assert.equal(answer, '5 undefined\n');
  assert.equal([...partsIn(dir)].length, 1);
});

for (const [what, make] of [
  ['a FIFO', () => fifo(join(temporaryDirectory('special'), 'ca.pem'))],
  ['a device without an end', () => '/dev/zero'],
] as const) {
  test(`tls.caFile that is ${what} is a problem of the options, and the start ends`, { skip }, () => {
    const answer = answerOf(`
      const { createShipper } = require('@putlogs/core');
      try {
        createShipper({ endpoint: 'https://127.0.0.1:9', topicId: 't', region: 'r', tls: { caFile: ${JSON.stringify(make())} },
          credentials: { accessKeyId: 'a', accessKeySecret: 'b' } });
      } catch (error) { console.log(error.code, error.message); }
    `);
    assert.match(answer, /^ERR_PUTLOGS_OPTIONS [\s\S]*tls\.caFile[\s\S]*is not a regular file/);
  });

  test(`credentials.file that is ${what} is reported, and the process ends`, { skip }, () => {
    const answer = answerOf(`
      const { createShipper } = require('@putlogs/core');
      const shipper = createShipper({ endpoint: 'https://127.0.0.1:9', topicId: 't', region: 'r',
        credentials: { file: ${JSON.stringify(make())} } });
      shipper.write('{}');
      setTimeout(() => shipper.close({ timeoutMs: 100 }), 500);
    `);
    assert.match(answer, /credentials\.file returned no credentials: the file is not a regular file/);
  });
}
