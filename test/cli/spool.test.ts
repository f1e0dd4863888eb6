// putlogs spool, as its users run it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createShipper } from '@putlogs/core';
import { batchesIn, temporaryDirectory } from '../support/directory';
import { type Emulator, optionsFor, startEmulator, until } from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { environmentOf, leaveBehind, putlogs, startPutlogs } from '../support/putlogs-command';
import { START_MS } from '../support/start-time';
import { OTHER_TOPIC_ID, targetNamed } from '../support/targets';

async function running(): Promise<Emulator> {
  const emulator = await startEmulator();
  after(() => emulator.close());
  return emulator;
}

function expectedOf(count: number, instance: string): [string, ExpectedRecord[]] {
  const records = Array.from({ length: count }, (_, n) => {
    const contents = new Map([
      ['level', 'info'],
      ['instance', instance],
      ['n', `${n}`],
    ]);
    return { n, timeMs: START_MS + n, contents };
  });
  return [instance, records];
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 0x10;
  writeFileSync(path, bytes);
}

const hashKey = (instance: string) => createHash('md5').update(instance).digest('hex');

describe('putlogs spool', { timeout: 60_000 }, () => {
  test('ls says of each directory whose it is, how much is in it, from when to when, and for whom', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('ls');
    await leaveBehind(emulator, dir, 25, { source: 'a-host' });
    await leaveBehind(emulator, dir, 10, { instance: 'two', topicId: OTHER_TOPIC_ID });
    const living = createShipper({ ...optionsFor(emulator), instance: 'three', spool: { dir, mode: 'always' } });
    emulator.faults([{ status: 503 }]);
    living.write(JSON.stringify({ time: START_MS, instance: 'three', n: 0 }));
    await until('it is on disk', () => living.stats().spooled === 1);
    const { code, stdout, stderr } = await putlogs('spool ls --json', environmentOf(emulator, dir));
    assert.deepEqual([code, stderr], [0, '']);
    const { parts, setAside, ...rest } = JSON.parse(stdout);
    assert.deepEqual([rest, setAside], [{ dir }, []]);
    const shown = parts.map(
      ({ owner, files, records, isConfigured, layout, source, hashKey, oldest, newest }: never) => {
        return { owner, files, records, isConfigured, layout, source, hashKey, oldest, newest };
      },
    );
    const time = (n: number) => new Date(START_MS + n).toISOString();
    const common = { layout: 'volc-tls', oldest: time(0) };
    const host = shown[1].source;
    assert.deepEqual(shown, [
      {
        ...common,
        owner: 'dead',
        files: 3,
        records: 25,
        isConfigured: true,
        source: 'a-host',
        hashKey: hashKey('one'),
        newest: time(24),
      },
      {
        ...common,
        owner: 'dead',
        files: 1,
        records: 10,
        isConfigured: false,
        source: host,
        hashKey: hashKey('two'),
        newest: time(9),
      },
      {
        ...common,
        owner: 'alive',
        files: 1,
        records: 1,
        isConfigured: true,
        source: host,
        hashKey: hashKey('three'),
        newest: time(0),
      },
    ]);
    const forPeople = await putlogs('spool ls', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(forPeople.code, 0, forPeople.stderr);
    assert.match(forPeople.stdout, /: 3 directories, 5 files, 36 records, /);
    assert.match(forPeople.stdout, /\nalive +1 +1 /);
    emulator.faults([]);
    await living.close();
  });

  test('verify finds every damaged file, says why, and touches nothing', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('verify');
    await leaveBehind(emulator, dir, 50);
    const whole = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([whole.code, whole.stdout], [0, '5 files, 50 records: none damaged\n']);
    const [flipped, , cut, empty] = batchesIn(dir).sort();
    damage(join(dir, flipped!));
    truncateSync(join(dir, cut!), 100);
    truncateSync(join(dir, empty!), 0);
    const before = batchesIn(dir).map((name) => statSync(join(dir, name)).mtimeMs);
    const { code, stdout } = await putlogs('spool verify --json', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(code, 1);
    const found = JSON.parse(stdout);
    assert.deepEqual([found.files, found.records, found.newer], [5, 20, []]);
    assert.deepEqual(
      found.damaged.map(({ path, setAside }: { path: string; setAside: boolean }) => [path, setAside]),
      [flipped, cut, empty].map((name) => [join(dir, name!), false]),
    );
    assert.deepEqual(
      found.damaged.map(({ why }: { why: string }) => why),
      ['its checksum does not hold', 'its checksum does not hold', '0 bytes are no whole header'],
    );
    assert.deepEqual(
      batchesIn(dir).map((name) => statSync(join(dir, name)).mtimeMs),
      before,
    );
    // Once a transport has set it aside it is still told.
    const replayed = await putlogs('spool replay --json', environmentOf(emulator, dir));
    assert.equal(replayed.code, 1);
    const { end, found: records, delivered, damaged } = JSON.parse(replayed.stdout);
    assert.deepEqual({ end, records, delivered, damaged }, { end: 'done', records: 50, delivered: 20, damaged: 30 });
    const later = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(later.code, 1);
    assert.match(later.stdout, /0 files, 0 records: 3 damaged files\n$/);
  });

  test('replay delivers what dead processes have left, each in order and under its own hash key, and nothing else', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('replay');
    await leaveBehind(emulator, dir, 205);
    await leaveBehind(emulator, dir, 95, { instance: 'two' });
    await leaveBehind(emulator, dir, 10, { instance: 'elsewhere', topicId: OTHER_TOPIC_ID });
    const { code, stdout, stderr } = await putlogs('spool replay', environmentOf(emulator, dir));
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /^300 records found, 300 delivered in \d+ m?s \(.*\/s\)\n {2}10 for other destinations, not touched\n$/,
    );
    assertLedger(new Map([expectedOf(205, 'one'), expectedOf(95, 'two')]), emulator.logs());
    assert.equal(batchesIn(dir).length, 1);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.owner')),
      [],
    );
  });

  test('replay leaves all where it was when the service stays down, and when it is asked to end', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('stay');
    await leaveBehind(emulator, dir, 50);
    emulator.faults([{ status: 503 }]);
    const patient = await putlogs('spool replay --patience-ms 300 --json', environmentOf(emulator, dir));
    assert.equal(patient.code, 1);
    assert.match(patient.stderr, /nothing was delivered any more \(--patience-ms\)/);
    const { end, delivered, left } = JSON.parse(patient.stdout);
    assert.deepEqual({ end, delivered, left }, { end: 'out of patience', delivered: 0, left: 50 });
    const child = startPutlogs('spool replay --json', environmentOf(emulator, dir));
    const before = emulator.stats().requests;
    await until('it asks the service', () => emulator.stats().requests > before);
    child.kill('SIGINT');
    const ended = await child.ended;
    assert.equal(ended.code, 1);
    assert.equal(JSON.parse(ended.stdout).end, 'aborted');
    emulator.faults([]);
    const last = await putlogs('spool replay', environmentOf(emulator, dir));
    assert.equal(last.code, 0, last.stderr);
    assertLedger(new Map([expectedOf(50, 'one')]), emulator.logs());
  });

  test('replay gives way to nothing: spool.maxBytes does not count while a batch is halved', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('halved');
    const filler = 'x'.repeat(30_000);
    await leaveBehind(emulator, dir, 700, { batch: { maxCount: 10 }, compression: 'none', tags: { filler } });
    emulator.faults([{ maxLogs: 5 }]);
    const args = 'spool replay --spool-max-bytes 1048576 --json';
    const { code, stdout } = await putlogs(args, environmentOf(emulator, dir));
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).delivered, 700);
    assertLedger(new Map([expectedOf(700, 'one')]), emulator.logs());
  });

  for (const name of ['volc-tls', 'aliyun-sls', 'volc-webtracks', 'aliyun-webtracking'] as const) {
    test(`export writes the records of ${name} with all that was said for them, and deletes nothing`, async () => {
      const emulator = await running();
      const target = targetNamed(name);
      const dir = temporaryDirectory('export');
      const said = {
        source: 'a-host',
        ...(name === 'volc-webtracks' ? {} : { fileName: 'a.log', tags: { env: 'test', team: '日志' } }),
      };
      await leaveBehind(emulator, dir, 25, said, target);
      const { code, stdout, stderr } = await putlogs('spool export', { PUTLOGS_SPOOL_DIR: dir });
      assert.deepEqual([code, stderr], [0, '']);
      const records = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(records.length, 25);
      const { packId, time, ...first } = records[0];
      assert.match(packId, /^[0-9A-F]{16}-1$/);
      assert.equal(time.slice(0, 23), new Date(START_MS).toISOString().slice(0, 23));
      assert.deepEqual(first, {
        level: 'info',
        contents: { level: 'info', instance: 'one', n: '0' },
        topic: '',
        fileName: '',
        tags: {},
        ...said,
        hashKey: hashKey('one'),
      });
      assert.equal(batchesIn(dir).length, 3);
    });
  }

  test('export writes past a damaged file, into a file that it never overwrites, and ends with 1', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('export');
    await leaveBehind(emulator, dir, 30);
    damage(join(dir, batchesIn(dir).sort()[1]!));
    const file = join(temporaryDirectory('out'), 'records.ndjson');
    const first = await putlogs(`spool export -o ${file}`, { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(first.code, 1);
    assert.match(first.stderr, /is damaged: its checksum does not hold\nputlogs: 20 records of 3 files written\n$/);
    assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 20);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const again = await putlogs(`spool export -o ${file}`, { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([again.code, again.stderr], [2, `putlogs: --output ${file} cannot be written: EEXIST\n`]);
  });

  test('100,000 records are verified, exported and replayed within the memory of a few files', async () => {
    const emulator = await running();
    const dir = temporaryDirectory('long');
    await leaveBehind(emulator, dir, 100_000, { batch: { maxCount: 2000 }, spool: { dir, mode: 'always' } });
    const env = { ...environmentOf(emulator, dir), NODE_OPTIONS: '--max-old-space-size=48' };
    const verified = await putlogs('spool verify', env);
    assert.equal(verified.stdout, '50 files, 100,000 records: none damaged\n', verified.stderr);
    const exported = await putlogs('spool export', env);
    assert.equal(exported.stdout.split('\n').length, 100_001);
    const replayed = await putlogs('spool replay --json', env);
    assert.equal(replayed.code, 0, replayed.stderr);
    assert.equal(JSON.parse(replayed.stdout).delivered, 100_000);
    assert.equal(emulator.stats().logs, 100_000);
  });

  const slips = temporaryDirectory('slips');
  writeFileSync(join(slips, 'slip.json'), '{"spool":{"dri":"x"}}');
  const wrong: [string, RegExp][] = [
    ['spool ls', /^putlogs: spool\.dir: is missing; set --spool-dir, or PUTLOGS_SPOOL_DIR in the environment\n$/],
    [
      'spool ls --spool-dir /nowhere/at/all',
      /^putlogs: spool\.dir \(from --spool-dir\): \/nowhere\/at\/all cannot be read: ENOENT\n$/,
    ],
    [
      'spool verify --spool-dri x',
      /^putlogs: unknown flag --spool-dri; did you mean --spool-dir\? \(see putlogs spool verify --help\)\n$/,
    ],
    ['spool replay --spool-dir /tmp', /region: is missing; set --region, or PUTLOGS_REGION or VOLCENGINE_REGION/],
    [
      'spool ls --spool-dir /tmp --config slip.json',
      /^putlogs: spool\.dri \(from slip\.json\): there is no such option; did you mean spool\.dir\?\n$/,
    ],
    ['spool replay --spool-dir /tmp --no-enabled', /^putlogs: enabled: is false/],
    ['spool ls here', /^putlogs: unexpected argument here/],
    ['spool', /^putlogs: putlogs spool has the commands ls, verify, replay, export; see putlogs --help\n$/],
    ['spol ls', /^putlogs: there is no command spol; see putlogs --help\n$/],
  ];
  for (const [words, message] of wrong) {
    test(`putlogs ${words} is told by name, with exit code 2`, async () => {
      const { code, stdout, stderr } = await putlogs(words, {}, { cwd: slips });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }
});
