// putlogs spool, as its users run it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { entriesOf, partsIn } from '@putlogs/core/tools';
import { type StartedChild, startChild } from '../support/child';
import { segmentsIn, spooledRecords, temporaryDirectory } from '../support/directory';
import { type Emulator, emulatorForTest, until } from '../support/emulator';
import { batchOf, journalIn } from '../support/journals';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { environmentOf, leaveBehind, putlogs, startPutlogs } from '../support/putlogs-command';
import { LISTED_ENTRIES, LISTED_RECORDS } from '../support/sizes';
import { START_MS } from '../support/start-time';
import { OTHER_TOPIC_ID, TOPIC_ID, targetNamed } from '../support/targets';

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

function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

/** Where each entry of the only segment begins, and where the last one ends. */
function placesIn(dir: string): number[] {
  const places: number[] = [];
  for (const part of partsIn(dir)) {
    for (const found of entriesOf(part, { mayLive: false })) {
      if (found.kind === 'entry') places.push(found.offset, found.endOffset);
    }
  }
  return [...new Set(places)].sort((x, y) => x - y);
}

const onlySegment = (dir: string) => join(dir, segmentsIn(dir)[0]!);

const hashKey = (instance: string) => createHash('md5').update(instance).digest('hex');

/** A process that has put records on disk, and has not delivered them. */
async function spooling(emulator: Emulator, dir: string, instance: string, count: number): Promise<StartedChild> {
  emulator.faults([{ status: 503 }]);
  const child = startChild(join(__dirname, 'apps/spooling.js'), {
    args: [instance, `${count}`],
    env: environmentOf(emulator, dir),
  });
  await child.line('on disk');
  return child;
}

/** What a process leaves that was killed. */
async function leaveKilled(emulator: Emulator, dir: string, instance: string, count: number): Promise<void> {
  const child = await spooling(emulator, dir, instance, count);
  child.kill('SIGKILL');
  await child.ended;
  emulator.faults([]);
}

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

interface ListedPart {
  readonly directory: string;
  readonly run: string;
  readonly bytes: number;
  readonly process: string;
  readonly destination: string;
}

describe('putlogs spool', { timeout: 120_000 }, () => {
  test('ls lists each directory with its owner, contents, times and destination', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('ls');
    await leaveKilled(emulator, dir, 'one', 25);
    await leaveBehind(emulator, dir, 10, { instance: 'two', topicId: OTHER_TOPIC_ID, source: 'a-host' });
    const living = await spooling(emulator, dir, 'three', 1);
    const { code, stdout, stderr } = await putlogs('spool ls --json', environmentOf(emulator, dir));
    assert.deepEqual([code, stderr], [0, '']);
    const { parts, damaged, records, bytes, ...rest } = JSON.parse(stdout);
    assert.deepEqual([rest, damaged, records], [{ dir }, [], 36]);
    assert.equal(
      bytes,
      segmentsIn(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0),
    );
    const time = (n: number) => new Date(START_MS + n).toISOString();
    const shown = parts.map((part: ListedPart) => {
      const { directory: _, run: __, bytes: size, process: holder, destination, ...more } = part;
      assert.ok(size > 0);
      return {
        ...more,
        holder: holder === 'none' ? 'none' : /pid \d+$/.test(holder),
        topic: JSON.parse(destination).topicId,
      };
    });
    const common = { layout: 'volc-tls', oldest: time(0), segments: 1, problem: null };
    const host = hostname();
    assert.deepEqual(shown, [
      {
        ...common,
        owner: 'dead',
        holder: true,
        instance: 'one',
        isConfigured: true,
        topic: TOPIC_ID,
        source: host,
        hashKeys: [hashKey('one')],
        records: 25,
        newest: time(24),
      },
      {
        ...common,
        owner: 'free',
        holder: 'none',
        instance: 'two',
        isConfigured: false,
        topic: OTHER_TOPIC_ID,
        source: 'a-host',
        hashKeys: [hashKey('two')],
        records: 10,
        newest: time(9),
      },
      {
        ...common,
        owner: 'alive',
        holder: true,
        instance: 'three',
        isConfigured: true,
        topic: TOPIC_ID,
        source: host,
        hashKeys: [hashKey('three')],
        records: 1,
        newest: time(0),
      },
    ]);
    const forPeople = await putlogs('spool ls', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(forPeople.code, 0, forPeople.stderr);
    assert.match(forPeople.stdout, /: 3 directories, 3 segments, 36 records, /);
    assert.match(forPeople.stdout, /\nalive +1 +1 /);
    living.kill('SIGKILL');
  });

  test('ls shows a spool that was never used as empty', async () => {
    const dir = temporaryDirectory('empty');
    const { code, stdout } = await putlogs('spool ls', { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([code, stdout], [0, `${dir}: 0 directories, 0 segments, 0 records, 0 B\n`]);
    const verified = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([verified.code, verified.stdout], [0, '0 segments, 0 entries, 0 records: none damaged\n']);
    assert.deepEqual(readdirSync(dir), []);
  });

  test('verify finds every damaged entry, says why, and touches nothing', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('verify');
    await leaveBehind(emulator, dir, 50);
    const whole = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([whole.code, whole.stdout], [0, '1 segment, 5 entries, 50 records: none damaged\n']);
    const path = onlySegment(dir);
    const places = placesIn(dir);
    damage(path, places[1]! - 1);
    damage(path, places[3]! + 20);
    const before = [readFileSync(path), statSync(path).mtimeMs];
    const { code, stdout } = await putlogs('spool verify --json', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout), {
      segments: 1,
      entries: 3,
      records: 30,
      finished: 0,
      damaged: [{ path, why: 'the checksum of an entry does not hold', places: 2, records: 20, setAside: false }],
      torn: [],
      beingWritten: [],
      gone: 0,
    });
    const { stdout: text } = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(
      text,
      `damaged: ${path}: the checksum of an entry does not hold, and 1 more, 20 records lost\n1 segment, 3 entries, 30 records: 1 damaged segment\n`,
    );
    assert.deepEqual([readFileSync(path), statSync(path).mtimeMs], before);
    // Once a transport has set it aside it is still reported.
    const replayed = await putlogs('spool replay --json', environmentOf(emulator, dir));
    assert.equal(replayed.code, 1, replayed.stderr);
    const { end, found: records, delivered, damaged } = JSON.parse(replayed.stdout);
    assert.deepEqual({ end, records, delivered, damaged }, { end: 'done', records: 50, delivered: 30, damaged: 20 });
    const later = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(later.code, 1);
    assert.match(
      later.stdout,
      /^damaged: .*: it was set aside before\n0 segments, 0 entries, 0 records: 1 damaged segment\n$/,
    );
    const { stdout: listed } = await putlogs('spool ls', { PUTLOGS_SPOOL_DIR: dir });
    assert.match(listed, /\n1 damaged segment set aside, [\d.]+ (Ki)?B:\n .*\/putlogs-1\/damaged\/\S+\.seg \(/);
  });

  test('an incomplete entry is being written while its process runs, torn when the process is dead, and never damage', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('tail');
    const child = await spooling(emulator, dir, 'one', 20);
    const path = onlySegment(dir);
    const [first, second] = placesIn(dir);
    appendFileSync(path, readFileSync(path).subarray(first, second! - 3));
    const bytes = second! - 3 - first!;
    const living = await putlogs('spool verify --json', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(living.code, 0, living.stdout);
    const alive = JSON.parse(living.stdout);
    assert.deepEqual([alive.records, alive.damaged, alive.torn], [20, [], []]);
    assert.deepEqual(alive.beingWritten, [{ path, bytes }]);
    child.kill('SIGKILL');
    await child.ended;
    const killed = await putlogs('spool verify --json', { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(killed.code, 0, killed.stdout);
    const dead = JSON.parse(killed.stdout);
    assert.deepEqual([dead.records, dead.damaged, dead.beingWritten], [20, [], []]);
    assert.deepEqual(dead.torn, [{ path, bytes }]);
    const { stdout } = await putlogs('spool verify', { PUTLOGS_SPOOL_DIR: dir });
    assert.match(stdout, /^torn: \S+: \d+ bytes of an incomplete entry of a process that has ended\n/);
  });

  test('replay delivers the records of ended and killed processes, each in order and under its own hash key, and no others', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('replay');
    await leaveBehind(emulator, dir, 205);
    await leaveKilled(emulator, dir, 'two', 95);
    await leaveBehind(emulator, dir, 10, { instance: 'elsewhere', topicId: OTHER_TOPIC_ID });
    const { code, stdout, stderr } = await putlogs('spool replay', environmentOf(emulator, dir));
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^putlogs: the spool holds a directory for another destination, \S+ which this process does not send .*\n$/,
    );
    assert.match(
      stdout,
      /^300 records found, 300 delivered in [\d.]+ m?s \(.*\/s\)\n {2}10 for other destinations, not touched\n$/,
    );
    assertLedger(new Map([expectedOf(205, 'one'), expectedOf(95, 'two')]), emulator.logs());
    assert.equal(spooledRecords(dir), 10);
    assert.deepEqual(
      readdirSync(join(dir, 'putlogs-1')).filter((name) => /\.(owner|alive)$/.test(name)),
      [],
    );
  });

  test('replay does not touch the records of a running process, and counts them', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('alive');
    await leaveKilled(emulator, dir, 'one', 20);
    const living = await spooling(emulator, dir, 'two', 30);
    emulator.faults([{ match: { hashKey: hashKey('two') }, status: 503 }]);
    const { stdout } = await putlogs('spool replay --json', environmentOf(emulator, dir));
    living.kill('SIGKILL');
    const { end, found, missed, delivered, alive, elsewhere } = JSON.parse(stdout);
    assert.deepEqual(
      { end, found, missed, delivered, elsewhere },
      { end: 'done', found: 20, missed: 0, delivered: 20, elsewhere: 0 },
    );
    assert.equal(alive, 30);
  });

  test('replay leaves all records in place if the service stays down or a signal arrives', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('stay');
    await leaveBehind(emulator, dir, 50);
    emulator.faults([{ status: 503 }]);
    const patient = await putlogs('spool replay --patience-ms 300 --json', environmentOf(emulator, dir));
    assert.equal(patient.code, 1);
    assert.match(patient.stderr, /no record was delivered any more \(--patience-ms\)/);
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
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('halved');
    const filler = 'x'.repeat(30_000);
    await leaveBehind(emulator, dir, 700, { batch: { maxCount: 10 }, compression: 'none', tags: { filler } });
    emulator.faults([{ maxLogs: 5 }]);
    const args = 'spool replay --spool-max-bytes 4194304 --json';
    const { code, stdout } = await putlogs(args, environmentOf(emulator, dir));
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).delivered, 700);
    assertLedger(new Map([expectedOf(700, 'one')]), emulator.logs());
  });

  for (const name of ['volc-tls', 'aliyun-sls', 'volc-webtracks', 'aliyun-webtracking'] as const) {
    test(`export writes the records of ${name} with their whole envelope, and deletes nothing`, async () => {
      const emulator = await emulatorForTest();
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
      assert.equal(spooledRecords(dir), 25);
    });
  }

  test('export writes past a damaged entry, into a file that it never overwrites, and ends with 1', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('export');
    await leaveBehind(emulator, dir, 30);
    damage(onlySegment(dir), placesIn(dir)[2]! - 1);
    const file = join(temporaryDirectory('out'), 'records.ndjson');
    const first = await putlogs(`spool export -o ${file}`, { PUTLOGS_SPOOL_DIR: dir });
    assert.equal(first.code, 1);
    assert.match(
      first.stderr,
      /is damaged: the checksum of an entry does not hold, 10 records lost\nputlogs: 20 records written\n$/,
    );
    assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 20);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const again = await putlogs(`spool export -o ${file}`, { PUTLOGS_SPOOL_DIR: dir });
    assert.deepEqual([again.code, again.stderr], [2, `putlogs: --output ${file} cannot be written: EEXIST\n`]);
  });

  test('export omits finished records, unless --all is set', async () => {
    const dir = temporaryDirectory('unfinished');
    const { journal, append } = journalIn(dir, { owner: 'free' });
    const units = [0, 10, 20, 30].map((from) => append(batchOf(from, 10)));
    journal.finish(units[0]!, 0, 10, 'delivered');
    journal.finish(units[2]!, 3, 6, 'rejected');
    journal.finish(units[3]!, 0, 10, 'delivered');
    const numbers = async (words: string) => {
      const { code, stdout } = await putlogs(words, { PUTLOGS_SPOOL_DIR: dir });
      assert.equal(code, 0);
      return linesOf(stdout).map(({ contents }) => Number(contents.n));
    };
    const all = Array.from({ length: 40 }, (_, n) => n);
    assert.deepEqual(
      await numbers('spool export'),
      all.filter((n) => n >= 10 && n < 30 && !(n >= 23 && n < 26)),
    );
    assert.deepEqual(await numbers('spool export --all'), all);
    const { stdout } = await putlogs('spool verify --json', { PUTLOGS_SPOOL_DIR: dir });
    const { records, finished } = JSON.parse(stdout);
    assert.deepEqual([records, finished, spooledRecords(dir)], [40, 23, 17]);
  });

  test('the help of ls and verify names every field of their JSON', async () => {
    const dir = temporaryDirectory('help');
    const { append, path } = journalIn(dir, { owner: 'free' });
    append(batchOf(0, 1));
    appendFileSync(join(path, '000-00000002.seg'), 'PUTLOGS1');
    mkdirSync(join(dir, 'putlogs-1/damaged'));
    writeFileSync(join(dir, 'putlogs-1/damaged/a.seg'), 'damaged');
    for (const command of ['spool ls', 'spool verify']) {
      const { stdout: help } = await putlogs(`${command} --help json`, {});
      const { stdout } = await putlogs(`${command} --json`, { PUTLOGS_SPOOL_DIR: dir });
      const names = [...stdout.matchAll(/"(\w+)":/g)].map(([, name]) => name!);
      assert.ok(names.length > 10);
      for (const name of names) assert.match(help, new RegExp(`[{ ,\\n]${name}[:, \\n]`), `${command}: ${name}`);
    }
  });

  test('a spool is listed and verified without an error while a process appends to it and delivers from it', async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('live');
    const child = startChild(join(__dirname, 'apps/spooling.js'), {
      args: ['one', 'endless'],
      env: environmentOf(emulator, dir),
    });
    await until('records are delivered', () => emulator.stats().logs > 0);
    for (let round = 0; round < 2; round += 1) {
      const before = emulator.stats().logs;
      const [verified, listed, exported] = await Promise.all(
        ['verify --json', 'ls --json', 'export'].map((words) =>
          putlogs(`spool ${words}`, environmentOf(emulator, dir)),
        ),
      );
      assert.equal(verified!.code, 0, verified!.stdout);
      assert.deepEqual([listed!.code, exported!.code], [0, 0]);
      assert.doesNotMatch(exported!.stderr, /damaged|cannot be read/);
      const [part, ...others] = JSON.parse(listed!.stdout).parts;
      assert.deepEqual([part?.owner, part?.problem, others], ['alive', null, []]);
      await until('it goes on', () => emulator.stats().logs > before);
    }
    child.kill('SIGKILL');
  });

  test(`${LISTED_RECORDS} records are verified, exported and replayed within the memory of a few entries`, async () => {
    const emulator = await emulatorForTest();
    const dir = temporaryDirectory('long');
    await leaveBehind(emulator, dir, LISTED_RECORDS, { batch: { maxCount: 2000 }, spool: { dir, mode: 'always' } });
    const env = { ...environmentOf(emulator, dir), NODE_OPTIONS: '--max-old-space-size=48' };
    const verified = await putlogs('spool verify', env);
    const counts = `${LISTED_RECORDS / 2000} entries, ${LISTED_RECORDS.toLocaleString('en')} records`;
    assert.match(verified.stdout, new RegExp(`^\\d+ segments?, ${counts}: none damaged\n$`), verified.stderr);
    const exported = await putlogs('spool export', env);
    assert.equal(exported.stdout.split('\n').length, LISTED_RECORDS + 1);
    const replayed = await putlogs('spool replay --json', env);
    assert.equal(replayed.code, 0, replayed.stderr);
    assert.equal(JSON.parse(replayed.stdout).delivered, LISTED_RECORDS);
    assert.equal(emulator.stats().logs, LISTED_RECORDS);
  });

  test(`${LISTED_ENTRIES.count} entries of one record are listed, verified and exported without memory for each`, async () => {
    const { count, maxBytes } = LISTED_ENTRIES;
    const dir = temporaryDirectory('entries');
    const { append, writer } = journalIn(dir, { owner: 'free', maxBytes });
    const batch = batchOf(0, 1);
    for (let n = 0; n < count; n += 1) append({ ...batch, packId: `0123456789ABCDEF-${n.toString(16)}` });
    writer.close();
    const env = { PUTLOGS_SPOOL_DIR: dir, NODE_OPTIONS: '--max-old-space-size=64' };
    const listed = await putlogs('spool ls --json', env);
    assert.equal(JSON.parse(listed.stdout).records, count, listed.stderr);
    const verified = await putlogs('spool verify', env);
    const said = count.toLocaleString('en');
    const counts = new RegExp(`^\\d+ segments, ${said} entries, ${said} records: none damaged\n$`);
    assert.match(verified.stdout, counts, verified.stderr);
    const file = join(dir, 'records.ndjson');
    const exported = await putlogs(`spool export -o ${file}`, env);
    assert.equal(exported.stderr.split('\n').at(-2), `putlogs: ${said} records written`);
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
      /^putlogs: spool\.dri \(from slip\.json\): there is no such option; did you mean spool\.dir\? \[PUTLOGS_SPOOL_DIR, docs\/options\.md#memory-spool-and-dead-letters\]\n$/,
    ],
    ['spool replay --spool-dir /tmp --no-enabled', /^putlogs: enabled: is false/],
    ['spool ls here', /^putlogs: unexpected argument here/],
    ['spool', /^putlogs: putlogs spool has the commands ls, verify, replay, export; see putlogs --help\n$/],
    ['spol ls', /^putlogs: there is no command spol; see putlogs --help\n$/],
  ];
  for (const [words, message] of wrong) {
    test(`putlogs ${words} is reported by name, with exit code 2`, async () => {
      const { code, stdout, stderr } = await putlogs(words, {}, { cwd: slips });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }
});
