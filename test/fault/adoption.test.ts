// What dead processes left, in the hands of the next one: what was found to break, by its smallest input.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createShipper } from '@putlogs/core';
import { ANONYMOUS } from '@putlogs/core/internal/credentials/types';
import { startWorkerShipper } from '@putlogs/core/internal/host/host';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { Disk } from '@putlogs/core/internal/spool/disk';
import { listenAt, probe } from '@putlogs/core/internal/spool/liveness';
import { parsePart, ROOT } from '@putlogs/core/internal/spool/names';
import { loadTarget } from '@putlogs/core/internal/targets/load';
import { adopting, numbersOf, range, write } from '../support/adopting';
import { type StartedChild, startChild } from '../support/child';
import { leaveRun } from '../support/dead-runs';
import { leftIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { emulatorForTest, environmentFor, optionsFor, until } from '../support/emulator';
import { leaveBehind } from '../support/putlogs-command';
import { targetNamed } from '../support/targets';
import type { ContainedPlan } from './apps/contained';
import { scaledClock } from './apps/outage';

const DOWN = [{ status: 503 }];

// an adopted batch is split

for (const [what, faults, lost] of [
  ['a record that is refused', [{ match: { contains: '"n":17,' }, code: 'InvalidArgument' }], [17]],
  ['too many records', [{ maxLogs: 3 }], []],
  ['both', [{ match: { contains: '"n":17,' }, code: 'InvalidArgument' }, { maxLogs: 3 }], [17]],
] as const) {
  test(`an adopted batch that is cut stays in order, and the living run loses none of its own records: ${what}`, async () => {
    const emulator = await emulatorForTest();
    emulator.faults(DOWN);
    const dir = temporaryDirectory('split');
    leaveRun(dir, { from: 0, count: 40, perEntry: 40 });
    leaveRun(dir, { from: 40, count: 40, perEntry: 20 });
    const { shipper } = adopting(emulator, { spool: { dir, mode: 'always' } });
    write(shipper, 1000, 100);
    await until('all are on disk', () => shipper.stats().spooled === 180);
    emulator.faults([...faults]);
    await shipper.flush();
    const kept = [...range(0, 80), ...range(1000, 100)].filter((n) => !(lost as readonly number[]).includes(n));
    assert.deepEqual(numbersOf(emulator), kept);
    await shipper.close();
    assert.deepEqual(leftIn(dir), []);
  });
}

test('killed between the parts of an adopted batch, it loses no record, and no part arrives in another shape', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('split-killed');
  leaveRun(dir, { from: 0, count: 40, perEntry: 40 });
  // Five parts arrive, then the service is away.
  emulator.faults([{ maxLogs: 3 }, { times: 5, headers: { 'x-part': 'taken' } }, { status: 503 }]);
  const env = { ...environmentFor(emulator), PUTLOGS_SPOOL_DIR: dir, PUTLOGS_SPOOL_MODE: 'always' };
  const plan = { instance: 'one', from: 1000, count: 50, burst: 10, pauseMs: 0, end: 'stay' };
  const child = startChild(join(__dirname, 'apps/spooling.js'), { args: [JSON.stringify(plan)], env });
  await child.line('all written');
  await until('five parts have arrived, and the next is refused', () =>
    child.output().stderr.includes('not delivered'),
  );
  child.kill('SIGKILL');
  await child.ended;
  const before = numbersOf(emulator).length;
  assert.ok(before > 0 && before < 40, `${before} had arrived`);
  // A service that takes more by now.
  emulator.faults([]);
  const { shipper } = adopting(emulator, { spool: { dir } });
  await shipper.flush();
  const numbers = numbersOf(emulator);
  // The batch that was open may be gone, and nothing else.
  assert.deepEqual(numbers, [...range(0, 40), ...range(1000, numbers.length - 40)]);
  assert.ok(numbers.length >= 80);
});

// ownership

const CONTAINER = ['-Urpf', '--mount-proc', '--kill-child=SIGKILL'];
const { status, error } = spawnSync('unshare', [...CONTAINER, 'true']);
const noContainer =
  status === 0 ? false : `unshare may not be done here${error === undefined ? '' : `: ${error.message}`}`;

// These wait for leases and looks, with little work in between. So they run side by side.
describe('over time', { concurrency: 3 }, () => {
  for (const hasSocket of [true, false]) {
    const when = hasSocket ? 'at once' : 'after a lease, and its new ones are on disk meanwhile';
    test(`a container that is killed and started again sends its old records first, ${when}`, {
      skip: noContainer,
    }, async (t) => {
      const clock = { factor: 6, startMs: Date.now() };
      const emulator = await emulatorForTest({ clock: scaledClock(clock).wallMs });
      emulator.faults(DOWN);
      const dir = temporaryDirectory('container');
      const env = environmentFor(emulator, {
        PUTLOGS_SPOOL_DIR: dir,
        PUTLOGS_SPOOL_MODE: 'always',
        PUTLOGS_BATCH_MAX_COUNT: '10',
        PUTLOGS_REQUEST_TIMEOUT_MS: '600000',
      });
      const contained = (from: number): StartedChild => {
        const plan: ContainedPlan = { ...clock, from, count: 100 };
        const file = join(__dirname, 'apps/contained.js');
        const args = [...CONTAINER, process.execPath, file, JSON.stringify(plan)];
        const child = startChild('', { command: 'unshare', args, env });
        after(() => child.kill('SIGKILL'));
        return child;
      };
      const first = contained(0);
      await first.line('all written');
      await until('its records are on disk', () => spooledRecords(dir) === 100);
      first.kill('SIGKILL');
      await first.ended;
      const root = join(dir, ROOT);
      const sockets = readdirSync(root).filter((name) => name.endsWith('.alive'));
      assert.equal(sockets.length, 1, 'the first container had a socket');
      if (!hasSocket) unlinkSync(join(root, sockets[0]!));
      emulator.faults([]);
      const second = contained(1000);
      await second.line('started');
      const startedMs = performance.now();
      if (!hasSocket) {
        await until('its new records are on disk', () => spooledRecords(dir) === 200);
        assert.equal(emulator.logs().length, 0, 'nothing is sent before it is known whether the first one runs');
      }
      await until('the first old record has arrived', () => emulator.logs().length > 0, 30_000);
      const waitedMs = performance.now() - startedMs;
      t.diagnostic(`${Math.round(waitedMs)} ms; a lease is ${30_000 / clock.factor} ms here`);
      await until('all have arrived', () => emulator.logs().length >= 200);
      assert.deepEqual(numbersOf(emulator), [...range(0, 100), ...range(1000, 100)]);
      if (hasSocket) assert.ok(waitedMs < 4000, `${waitedMs} ms`);
      second.kill('SIGKILL');
      await second.ended;
    });
  }

  for (const what of ['deleted', 'never written'] as const) {
    test(`the directory of a process whose owner file was ${what} is not adopted, and nothing arrives twice`, async () => {
      const clock = { factor: 20, startMs: Date.now() };
      const emulator = await emulatorForTest({ clock: scaledClock(clock).wallMs });
      emulator.faults(DOWN);
      const dir = temporaryDirectory('owner');
      const env = environmentFor(emulator, {
        PUTLOGS_SPOOL_DIR: dir,
        PUTLOGS_SPOOL_MODE: 'always',
        PUTLOGS_REQUEST_TIMEOUT_MS: '600000',
      });
      // It keeps time by the sun, so that its file stays away for as long as the other one looks.
      const plan = { instance: 'one', from: 0, count: 50, burst: 10, pauseMs: 0, end: 'stay' };
      const child = startChild(join(__dirname, 'apps/spooling.js'), { args: [JSON.stringify(plan)], env });
      await child.line('all written');
      const owner = () => readdirSync(join(dir, ROOT)).filter((name) => name.endsWith('.owner'));
      const [file] = owner();
      const remove = () => {
        for (const name of owner()) if (name === file) unlinkSync(join(dir, ROOT, name));
      };
      remove();
      const removing = what === 'deleted' ? undefined : setInterval(remove, 20);
      after(() => clearInterval(removing));
      const { shipper } = adopting(emulator, { spool: { dir }, requestTimeoutMs: 600_000 }, clock);
      write(shipper, 1000, 50);
      await pause(4000);
      assert.equal(shipper.stats().recovered, 0);
      assert.equal(spooledRecords(dir), 100);
      clearInterval(removing);
      emulator.faults([]);
      await until('all have arrived', () => emulator.logs().length >= 100);
      assert.equal(new Set(numbersOf(emulator)).size, 100);
      assert.equal(emulator.logs().length, 100);
      child.kill('SIGKILL');
      await child.ended;
    });
  }

  test('records in another layout for the same topic are left alone and reported once', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('layout');
    await leaveBehind(emulator, dir, 50, {}, targetNamed('volc-webtracks'));
    const left = leftIn(dir);
    const startMs = Date.now();
    const { shipper, warnings } = adopting(
      emulator,
      { spool: { dir }, requestTimeoutMs: 600_000 },
      { factor: 60, startMs },
    );
    write(shipper, 1000, 10);
    await shipper.flush();
    await pause(1500);
    assert.deepEqual(
      left.filter((name) => !leftIn(dir).includes(name)),
      [],
    );
    const notices = warnings.filter(({ message }) => message.includes('for another destination'));
    assert.equal(notices.length, 1, JSON.stringify(warnings));
    assert.deepEqual(numbersOf(emulator), range(1000, 10));
  });

  test('two targets of one topic with different layouts share a directory: each leaves the other’s records alone, and reports them once', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('layouts');
    const [signed, web] = [targetNamed('volc-tls'), targetNamed('volc-webtracks')];
    // Of one instance: only the layout keeps their directories apart.
    await leaveBehind(emulator, dir, 20, {}, signed);
    const ofSigned = leftIn(dir);
    await leaveBehind(emulator, dir, 30, {}, web);
    const ofWeb = leftIn(dir).filter((name) => !ofSigned.includes(name));
    const bytesOf = (names: readonly string[]) =>
      names.flatMap((name) => {
        const path = join(dir, ROOT, name);
        return readdirSync(path).map((file) => [name, file, readFileSync(join(path, file)).toString('hex')]);
      });
    const bytesOfWeb = bytesOf(ofWeb);
    assert.ok(ofSigned.length > 0 && ofWeb.length > 0);
    emulator.faults(DOWN);

    // The clock runs 60 times as fast: a directory that is left alone at first could be adopted after a minute.
    const scale = { factor: 60, startMs: Date.now() };
    const patient = { spool: { dir }, requestTimeoutMs: 600_000 };
    const first = adopting(emulator, { ...optionsFor(emulator, signed), ...patient }, scale);
    await until('it has taken its own', () => first.shipper.stats().recovered === 20);
    await pause(2500);
    assert.equal(first.shipper.stats().recovered, 20);
    assert.deepEqual(bytesOf(ofWeb), bytesOfWeb, 'not renamed, and not changed');
    const second = adopting(emulator, { ...optionsFor(emulator, web), credentials: undefined, ...patient }, scale);
    await until('the other target has taken its own', () => second.shipper.stats().recovered === 30);
    await pause(2500);
    emulator.faults([]);
    await Promise.all([first.shipper.flush(), second.shipper.flush()]);
    for (const [{ shipper, warnings }, count] of [
      [first, 20],
      [second, 30],
    ] as const) {
      const { recovered, delivered, spooled } = shipper.stats();
      assert.deepEqual([recovered, delivered, spooled], [count, count, 0]);
      const notices = warnings.filter(({ message }) => message.includes('for another destination'));
      assert.equal(notices.length, 1, JSON.stringify(warnings));
    }
    assert.equal(emulator.logs().length, 50);
    assert.equal(spooledRecords(dir), 0);
  });
});

test('records of an instance that another process took over come back to it, and are sent before its new records', async () => {
  // A hand-back waits up to 5 s of this clock for the unit in flight. A busy machine could exceed that on a faster one.
  const clock = { factor: 20, startMs: Date.now() };
  const emulator = await emulatorForTest({ clock: scaledClock(clock).wallMs });
  emulator.faults(DOWN);
  const dir = temporaryDirectory('back');
  leaveRun(dir, { from: 0, count: 50, perEntry: 10 });
  const options = { spool: { dir, mode: 'always' }, requestTimeoutMs: 600_000 } as const;
  const other = adopting(emulator, { ...options, instance: 'two' }, clock);
  await until('the other process has taken it over', () => other.shipper.stats().recovered === 50);
  // In the outage its unit in flight has no end: the look must go on all the same.
  const one = adopting(emulator, options, clock);
  write(one.shipper, 1000, 50);
  await pause(900);
  emulator.faults([{ delayMs: 20 }]);
  await until('all have arrived', () => emulator.logs().length >= 100);
  await one.shipper.flush();
  assert.equal(emulator.logs().length, 100);
  assert.deepEqual(numbersOf(emulator), [...range(0, 50), ...range(1000, 50)]);
});

test('two transports of one process do not adopt each other when its event loop is blocked for longer than a lease', async () => {
  const clock = { factor: 100, startMs: Date.now() };
  const emulator = await emulatorForTest({ clock: scaledClock(clock).wallMs });
  emulator.faults(DOWN);
  const dir = temporaryDirectory('two');
  const options = { spool: { dir, mode: 'always' }, requestTimeoutMs: 600_000 } as const;
  const [a, b] = [adopting(emulator, options, clock), adopting(emulator, options, clock)];
  write(a.shipper, 0, 100);
  write(b.shipper, 1000, 100);
  for (let time = 0; time < 3; time += 1) {
    // 50 s by their clock.
    const endMs = performance.now() + 500;
    while (performance.now() < endMs);
    await pause(400);
  }
  const holders = readdirSync(join(dir, ROOT)).flatMap((name) => parsePart(name) ?? []);
  assert.deepEqual(
    holders.map(({ owner }) => owner),
    holders.map(({ origin }) => origin),
  );
  emulator.faults([]);
  await Promise.all([a.shipper.flush(), b.shipper.flush()]);
  const numbers = numbersOf(emulator);
  assert.equal(numbers.length, 200);
  assert.deepEqual(
    numbers.filter((n) => n < 1000),
    range(0, 100),
  );
  for (const { shipper } of [a, b])
    assert.deepEqual([shipper.stats().recovered, shipper.stats().dropped.damaged], [0, 0]);
});

test('after a check of a socket Node can still load packages that are links', async () => {
  const base = temporaryDirectory('linked');
  const real = join(base, 'store/node_modules');
  for (const name of ['a', 'b']) mkdirSync(join(real, name), { recursive: true });
  writeFileSync(join(real, 'a/index.js'), "module.exports = require('b');");
  writeFileSync(join(real, 'b/index.js'), 'module.exports = 7;');
  mkdirSync(join(base, 'node_modules'));
  symlinkSync(join(real, 'a'), join(base, 'node_modules/a'));
  writeFileSync(join(base, 'app.js'), '');
  const require = createRequire(join(base, 'app.js'));
  require('./app.js');
  const disk = new Disk(false);
  const liveness = listenAt(disk, join(base, 'x.alive'));
  assert.deepEqual(await liveness.ready, { listening: true });
  const probing = probe(disk, join(base, 'x.alive'), systemClock);
  assert.equal(require('a'), 7);
  assert.equal(await probing, 'connected');
  liveness.close();
});

// destination

test('one Logstore is one destination, whatever the address', () => {
  const identityOf = (endpoint: string, more: object = {}) => {
    const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
    const place = { target: 'aliyun-sls', region: 'cn-hangzhou', project: 'shop', logstore: 'orders', ...more };
    return loadTarget(resolveOptions({ ...place, endpoint, credentials }, {}), () => ANONYMOUS).identity;
  };
  const identity = identityOf('https://cn-hangzhou.log.aliyuncs.com');
  for (const endpoint of [
    'https://cn-hangzhou-intranet.log.aliyuncs.com',
    'https://cn-hangzhou-internal.log.aliyuncs.com',
    'https://logs.shop.example',
    'https://127.0.0.1:8443',
  ]) {
    assert.deepEqual(identityOf(endpoint), identity, endpoint);
  }
  assert.notDeepEqual(identityOf('https://cn-hangzhou.log.aliyuncs.com', { logstore: 'other' }), identity);
});

test('records that another process left for another address of the topic are delivered', async () => {
  const [first, second] = [await emulatorForTest(), await emulatorForTest()];
  const dir = temporaryDirectory('address');
  await leaveBehind(first, dir, 50);
  const { shipper } = adopting(second, { spool: { dir } });
  await shipper.flush();
  assert.deepEqual(numbersOf(second), range(0, 50));
});

// foreign directories

const notRoot = process.getuid?.() === 0 ? false : 'only root can make files of another user';

for (const [what, make] of [
  [
    'every user can write to',
    (root: string) => {
      mkdirSync(root);
      chmodSync(root, 0o777);
    },
  ],
  ['is a link', (root: string) => symlinkSync(temporaryDirectory('elsewhere'), root)],
  ['is not a directory', (root: string) => writeFileSync(root, '')],
] as const) {
  test(`a putlogs directory that ${what} is not used: one warning reports it, and records arrive`, async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('foreign');
    make(join(dir, ROOT));
    const { shipper, warnings } = adopting(emulator, { spool: { dir, mode: 'always' } });
    write(shipper, 0, 50);
    await shipper.flush();
    assert.deepEqual(numbersOf(emulator), range(0, 50));
    await pause(10);
    assert.deepEqual(
      warnings.map(({ kind }) => kind),
      ['spool'],
    );
    assert.match(warnings[0]!.message, /EFOREIGN: .*or set spool\.dir to another directory/);
    assert.equal(shipper.stats().spooled, 0);
  });
}

test('a link, a pipe and a file of another user in our directory are left alone, and our records beside them arrive', {
  skip: notRoot,
}, async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('mixed');
  const elsewhere = temporaryDirectory('mixed-elsewhere');
  // Elsewhere lies a whole spool: a link leads to its directory, as if it were one of ours.
  leaveRun(elsewhere, { from: 5000, count: 10 });
  leaveRun(dir, { from: 0, count: 10 });
  leaveRun(dir, { from: 10, count: 10 });
  leaveRun(dir, { from: 6000, count: 10 });
  const root = join(dir, ROOT);
  const parts = () =>
    readdirSync(root)
      .filter((name) => parsePart(name) !== undefined)
      .sort();
  const [first, , foreign] = parts();
  const [linked] = readdirSync(join(elsewhere, ROOT));
  symlinkSync(join(elsewhere, ROOT, linked!), join(root, linked!));
  spawnSync('chown', ['-R', '65534', join(root, foreign!)]);
  assert.equal(lstatSync(join(root, foreign!)).uid, 65_534);
  spawnSync('mkfifo', [join(root, first!, '000-00000002.seg')]);
  mkdirSync(join(root, first!, '000-00000003.seg'));
  symlinkSync('/etc/passwd', join(root, first!, '000-00000004.seg'));
  lutimesSync(join(root, linked!), 1, 1);
  const { shipper, warnings } = adopting(emulator, { spool: { dir } });
  write(shipper, 1000, 10);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), [...range(0, 20), ...range(1000, 10)]);
  const left = parts();
  assert.ok(left.includes(linked!) && left.includes(foreign!), left.join(' '));
  assert.equal(warnings.filter(({ message }) => message.includes('so its records are not sent')).length, 2);
});

test('a relative spool.dir is below the directory in which the host was started, also if process.chdir() is called before its worker opens it', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('relative');
  const home = process.cwd();
  process.chdir(dir);
  const options = resolveOptions({ ...optionsFor(emulator), instance: 'one', spool: { dir: 'spool' } }, {});
  const host = startWorkerShipper(options);
  after(() => host.close({ timeoutMs: 0 }));
  process.chdir(home);
  write(host, 0, 10);
  await host.flush();
  assert.deepEqual(readdirSync(dir), ['spool']);
  assert.equal(emulator.logs().length, 10);
});

test('createShipper does not throw, whatever is in the spool', async () => {
  const emulator = await emulatorForTest();
  const dir = temporaryDirectory('anything');
  mkdirSync(join(dir, ROOT), { mode: 0o700 });
  for (const name of ['x.owner', 'damaged', `${'0'.repeat(18)}.owner`, `${'1'.repeat(18)}.alive`, 'core', '.nfs1']) {
    writeFileSync(join(dir, ROOT, name), 'anything');
  }
  const shipper = createShipper({ ...optionsFor(emulator), spool: { dir } });
  after(() => shipper.close({ timeoutMs: 0 }));
  write(shipper, 0, 10);
  await shipper.flush();
  assert.deepEqual(numbersOf(emulator), range(0, 10));
});
