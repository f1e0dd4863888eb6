// putlogs dead-letter, as its users run it: records that a real service refused, and their way back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createShipper } from '@putlogs/core';
import { claimOf, type DeadLetter, rotatedOf } from '@putlogs/core/tools';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, emulatorForTest, environmentFor, optionsFor, until } from '../support/emulator';
import { callsIn, KILLS_AT_ALL_CALLS, killPoints, NEVER } from '../support/kill-points';
import { putlogs, startPutlogs } from '../support/putlogs-command';
import { DEAD_LETTERS, ODD_NAMES } from '../support/sizes';
import { START_MS } from '../support/start-time';
import { OTHER_TOPIC_ID, TOPIC_ID } from '../support/targets';

/** Is no module of the tests, and stands where it was written. */
const killedAt = join(__dirname, '../../cli/apps/killed-at.cjs');

const BAD = [{ match: { contains: 'bad' }, code: 'InvalidArgument' }];

/** Records of an instance, the marked ones refused and in the file. */
async function refused(emulator: Emulator, file: string, count: number, options = {}): Promise<void> {
  emulator.faults(BAD);
  const said = {
    ...optionsFor(emulator),
    instance: 'one',
    source: 'a-host',
    tags: { env: 'test' },
    deadLetter: { file },
  };
  const shipper = createShipper({ ...said, ...options });
  for (let n = 0; n < count; n += 1) {
    shipper.write(JSON.stringify({ time: START_MS + n, n, text: n % 4 === 0 ? 'bad' : 'good' }));
  }
  await shipper.close();
}

function linesOf(file: string): DeadLetter[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as DeadLetter)
    : [];
}

/** Many lines like those of the file, each of another record. */
function multiply(file: string, count: number, padBytes = 0): void {
  const { record, ...first } = linesOf(file)[0]!;
  const contents = padBytes === 0 ? record.contents : { ...record.contents, pad: 'x'.repeat(padBytes) };
  const padded = { ...first, record: { ...record, contents } };
  const lines = Array.from({ length: count }, (_, index) => JSON.stringify({ ...padded, index }));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Every file in which a line may be. */
const filesOf = (file: string) => [rotatedOf(file), file].flatMap((name) => [name, claimOf(name)]);

/** Neither a file of a replay nor a lock is left. */
function assertTidy(file: string): void {
  const [directory, name] = [dirname(file), basename(file)];
  assert.deepEqual(
    readdirSync(directory).filter((other) => other !== name && other !== `${name}.1`),
    [],
  );
}

const numbersAt = (emulator: Emulator) => emulator.logs().map((log) => Number(contentsOf(log)['n']));
const environmentOf = (emulator: Emulator, file: string) => ({
  ...environmentFor(emulator),
  PUTLOGS_DEAD_LETTER_FILE: file,
});

/** Calls at which a replay is killed, of some dozens. */
const POINTS = 4;

describe('putlogs dead-letter', { timeout: KILLS_AT_ALL_CALLS ? 1_800_000 : 180_000 }, () => {
  test('ls counts records by error code and destination, and unreadable lines', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('ls'), 'dead.ndjson');
    await refused(emulator, file, 12);
    await refused(emulator, file, 4, { topicId: OTHER_TOPIC_ID });
    appendFileSync(file, '{"time":"2026-');
    const { code, stdout, stderr } = await putlogs('dead-letter ls --json', { PUTLOGS_DEAD_LETTER_FILE: file });
    assert.deepEqual([code, stderr], [0, '']);
    const { records, bytes, unreadable, reasons } = JSON.parse(stdout);
    assert.deepEqual([records, bytes, unreadable], [4, statSync(file).size + 1, 1]);
    assert.deepEqual(
      reasons.map(({ code: reason, records: count, target }: never) => [
        reason,
        count,
        (target as { topicId: string }).topicId,
      ]),
      [
        ['InvalidArgument', 3, TOPIC_ID],
        ['InvalidArgument', 1, OTHER_TOPIC_ID],
      ],
    );
    const [oldest] = readFileSync(file, 'utf8').split('\n');
    assert.equal(reasons[0].first, (JSON.parse(oldest!) as DeadLetter).time);
    const forPeople = await putlogs('dead-letter ls', { PUTLOGS_DEAD_LETTER_FILE: file });
    assert.match(forPeople.stdout, /^4 records, .*\n1 unreadable line\n\nRECORDS +CODE/);
  });

  test('replay delivers the records unchanged after the cause was fixed, and removes the file', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('mended'), 'dead.ndjson');
    await refused(emulator, file, 12);
    const [like] = emulator.logs();
    emulator.faults([]);
    const { code, stdout, stderr } = await putlogs('dead-letter replay', environmentOf(emulator, file));
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^3 records delivered in /);
    assert.deepEqual([existsSync(file), existsSync(claimOf(file))], [false, false]);
    const logs = emulator.logs().slice(9);
    assert.deepEqual(
      logs.map((log) => contentsOf(log)),
      [0, 4, 8].map((n) => ({ n: `${n}`, text: 'bad' })),
    );
    for (const [i, { time, source, tags, hashKey }] of logs.entries()) {
      const { source: from, tags: said, hashKey: under } = like!;
      assert.deepEqual(
        { time, source, tags, hashKey },
        { time: START_MS + 4 * i, source: from, tags: said, hashKey: under },
      );
    }
  });

  test('replay leaves rejected records, lines for other destinations and unreadable lines in the file', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('again'), 'dead.ndjson');
    await refused(emulator, file, 12);
    await refused(emulator, file, 4, { topicId: OTHER_TOPIC_ID });
    appendFileSync(file, 'not ours\n');
    emulator.faults([{ match: { contains: '8' }, code: 'DeserializeFailed' }]);
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.equal(code, 1);
    const { seconds: _, ...result } = JSON.parse(stdout);
    assert.deepEqual(result, { end: 'done', delivered: 2, refused: 1, left: 0, elsewhere: 1, unreadable: 1, equal: 0 });
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^not ours$/m);
    const left = text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as DeadLetter);
    assert.deepEqual(left.map(({ reason, record }) => [reason.code, record.contents['n']]).sort(), [
      ['DeserializeFailed', '8'],
      ['InvalidArgument', '0'],
    ]);
    assert.deepEqual(left[0]!.envelope, { source: 'a-host', topic: '', fileName: '', tags: { env: 'test' } });
    assert.equal(existsSync(claimOf(file)), false);
  });

  test('replay stops after a few records if the service rejects everything, and loses nothing', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('all'), 'dead.ndjson');
    await refused(emulator, file, 4);
    multiply(file, 200);
    const { code, stdout, stderr } = await putlogs(
      'dead-letter replay --patience-ms 3000 --json',
      environmentOf(emulator, file),
    );
    assert.equal(code, 1);
    assert.match(stderr, /no record was delivered any more/);
    const { delivered, refused: again, left } = JSON.parse(stdout);
    assert.equal(delivered, 0);
    assert.ok(again > 0 && again <= 32, `${again}`);
    // What was cut to find the culprit stays whole: a record may be there twice, and none is missing.
    assert.ok(again + left >= 200 && linesOf(file).length === again + left, JSON.stringify({ again, left }));
  });

  test('a second replay ends at once and names the process that has the file; after its kill the next one recovers', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('two'), 'dead.ndjson');
    await refused(emulator, file, 12);
    emulator.faults([{ delayMs: 30_000 }]);
    const first = startPutlogs('dead-letter replay', environmentOf(emulator, file));
    const before = emulator.stats().logs;
    await until('the service has them', () => emulator.stats().logs > before);
    const second = await putlogs('dead-letter replay', environmentOf(emulator, file));
    assert.equal(second.code, 2);
    assert.match(
      second.stderr,
      new RegExp(`dead.ndjson cannot be replayed: another replay has it, process ${first.pid} on .*; run this again`),
    );
    assert.deepEqual([linesOf(claimOf(file)).length, existsSync(file)], [3, false]);
    first.kill('SIGKILL');
    await first.ended;
    emulator.faults([]);
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).delivered, 3);
    assert.equal(existsSync(file), false);
    assertTidy(file);
  });

  test('replays that begin at the same moment send each record, and one of them sends it', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('same'), 'dead.ndjson');
    await refused(emulator, file, 40);
    emulator.faults([{ delayMs: 1500 }]);
    const env = environmentOf(emulator, file);
    const ends = await Promise.all(Array.from({ length: 3 }, () => putlogs('dead-letter replay', env)));
    assert.deepEqual(ends.map(({ code }) => code).sort(), [0, 2, 2], ends.map(({ stderr }) => stderr).join(''));
    assert.deepEqual(
      numbersAt(emulator)
        .slice(30)
        .sort((a, b) => a - b),
      Array.from({ length: 10 }, (_, i) => 4 * i),
    );
    assertTidy(file);
  });

  test('ls and replay read the older file first, and replay both', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('older'), 'dead.ndjson');
    await refused(emulator, file, 12);
    renameSync(file, rotatedOf(file));
    await refused(emulator, file, 16);
    const listed = await putlogs('dead-letter ls --json', { PUTLOGS_DEAD_LETTER_FILE: file });
    assert.equal(JSON.parse(listed.stdout).records, 7);
    emulator.faults([]);
    const before = emulator.stats().logs;
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.deepEqual([code, JSON.parse(stdout).delivered], [0, 7], stdout);
    assert.deepEqual(numbersAt(emulator).slice(before).sort(), [0, 0, 12, 4, 4, 8, 8].sort());
    for (const path of filesOf(file)) assert.equal(existsSync(path), false, path);
    // The older one alone is enough.
    await refused(emulator, file, 4);
    renameSync(file, rotatedOf(file));
    const alone = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.equal(JSON.parse(alone.stdout).left + JSON.parse(alone.stdout).refused, 1);
    assertTidy(file);
  });

  test('lines that stay go back to the file that they came from, and none of them is dropped for the limit', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('back'), 'dead.ndjson');
    await refused(emulator, file, 4, { topicId: OTHER_TOPIC_ID });
    multiply(file, 1500);
    renameSync(file, rotatedOf(file));
    await refused(emulator, file, 4, { topicId: OTHER_TOPIC_ID });
    multiply(file, 1500);
    await refused(emulator, file, 4);
    const env = { ...environmentOf(emulator, file), PUTLOGS_DEAD_LETTER_MAX_BYTES: `${1024 * 1024}` };
    const { code, stdout } = await putlogs('dead-letter replay --json', env);
    const { refused: again, elsewhere } = JSON.parse(stdout);
    assert.deepEqual([code, again, elsewhere], [1, 1, 3000], stdout);
    assert.deepEqual([linesOf(rotatedOf(file)).length, linesOf(file).length], [1500, 1501]);
    assertTidy(file);
  });

  test('equal lines, which a crash has made twice, are sent once; lines that differ in anything are sent', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('equal'), 'dead.ndjson');
    await refused(emulator, file, 4);
    const [line] = linesOf(file);
    const lines = [line, line, { ...line, index: 1 }, { ...line, packId: 'another' }, { ...line, time: 'later' }];
    writeFileSync(rotatedOf(file), `${JSON.stringify(line)}\n`);
    writeFileSync(file, `${lines.map((each) => JSON.stringify(each)).join('\n')}\n`);
    emulator.faults([]);
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    const { delivered, equal } = JSON.parse(stdout);
    assert.deepEqual([code, delivered, equal], [0, 3, 3], stdout);
    assert.deepEqual(numbersAt(emulator).slice(3), [0, 0, 0]);
  });

  test('a line that is being written while the file is replayed is read whole', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('growing'), 'dead.ndjson');
    await refused(emulator, file, 8);
    const text = readFileSync(file, 'utf8');
    const cut = text.length - 100;
    writeFileSync(file, text.slice(0, cut));
    emulator.faults([{ delayMs: 1000 }]);
    const replaying = putlogs('dead-letter replay --json', environmentOf(emulator, file));
    await until('it has sent the first line', () => existsSync(claimOf(file)) && emulator.logs().length > 6);
    appendFileSync(claimOf(file), text.slice(cut));
    const { code, stdout } = await replaying;
    const { delivered, unreadable } = JSON.parse(stdout);
    assert.deepEqual([code, delivered, unreadable], [0, 2, 0], stdout);
  });

  const odd: [string, (path: string) => void][] = [
    ['a symbolic link', (path) => symlinkSync('/etc/hostname', path)],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
    ['a directory', (path) => mkdirSync(path)],
  ];
  for (const [at, [what, make]] of odd.entries()) {
    test(`${what} in the place of one of the files is an error by its name, and no line is lost`, async () => {
      const emulator = await emulatorForTest();
      const file = join(temporaryDirectory('odd'), 'dead.ndjson');
      await refused(emulator, file, 4);
      emulator.faults([]);
      const names = [rotatedOf(file), claimOf(file), claimOf(rotatedOf(file))];
      for (let i = 0; i < ODD_NAMES; i += 1) {
        const path = names[(at + i) % names.length]!;
        make(path);
        const { code, stderr } = await putlogs('dead-letter replay', environmentOf(emulator, file));
        assert.deepEqual([code, stderr.includes(`${path} is ${what}, not a regular file`)], [2, true], stderr);
        rmSync(path, { recursive: true });
      }
      const { stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
      assert.equal(JSON.parse(stdout).delivered, 1);
      assertTidy(file);
    });
  }

  test('killed with -9 in the middle, all lines are still there, and the next replay delivers them', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('killed'), 'dead.ndjson');
    await refused(emulator, file, 12);
    emulator.faults([{ delayMs: 30_000 }]);
    const child = startPutlogs('dead-letter replay', environmentOf(emulator, file));
    const before = emulator.stats().logs;
    await until('the service has them', () => emulator.stats().logs > before);
    child.kill('SIGKILL');
    await child.ended;
    assert.equal(linesOf(claimOf(file)).length, 3);
    const listed = await putlogs('dead-letter ls --json', { PUTLOGS_DEAD_LETTER_FILE: file });
    assert.equal(JSON.parse(listed.stdout).records, 3);
    emulator.faults([]);
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).delivered, 3);
    assert.deepEqual([existsSync(file), existsSync(claimOf(file))], [false, false]);
    const [first, again] = [emulator.logs().slice(9, 12), emulator.logs().slice(12)];
    assert.deepEqual(numbersAt(emulator).slice(9), [0, 4, 8, 0, 4, 8]);
    // As after any answer that was lost: a reader knows the repetition.
    assert.deepEqual(
      again.map(({ packId }) => packId),
      first.map(({ packId }) => packId),
    );
  });

  for (const [when, prepare] of [
    ['before anything was put back', (file: string) => renameSync(file, claimOf(file))],
    ['between the link and the end of the other name', (file: string) => linkSync(file, claimOf(file))],
    [
      'while what stays was written',
      (file: string) => {
        linkSync(file, claimOf(file));
        writeFileSync(`${claimOf(file)}.rest`, 'half a li');
      },
    ],
  ] as const) {
    test(`a replay that was killed ${when} leaves nothing that the next one cannot take up`, async () => {
      const emulator = await emulatorForTest();
      const file = join(temporaryDirectory('crash'), 'dead.ndjson');
      await refused(emulator, file, 12);
      prepare(file);
      // Meanwhile another record is refused.
      await refused(emulator, file, 1);
      emulator.faults([]);
      const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
      assert.equal(code, 0, stdout);
      assert.equal(JSON.parse(stdout).delivered, 4);
      assert.equal(existsSync(file), false);
      assertTidy(file);
    });
  }

  for (const [how, replays] of [
    ['alone', 1],
    ['beside another replay that begins at the same moment', 2],
  ] as const) {
    test(`killed at any of its calls to the file system, ${how}, each record is delivered or in a file, and the next replay ends well`, async (t) => {
      const emulator = await emulatorForTest();
      const original = join(temporaryDirectory('original'), 'dead.ndjson');
      await refused(emulator, original, 12);
      renameSync(original, rotatedOf(original));
      await refused(emulator, original, 4, { topicId: OTHER_TOPIC_ID });
      await refused(emulator, original, 20);
      const [first] = linesOf(rotatedOf(original));
      emulator.faults([{ match: { contains: '8' }, code: 'InvalidArgument' }]);
      const numbersIn = (path: string) =>
        linesOf(path).map(({ target, record }) => `${target['topicId']} ${record.contents['n']}`);
      const all = [rotatedOf(original), original].flatMap(numbersIn);
      const survives = async (kill: Record<string, string>, others: number): Promise<boolean> => {
        const file = join(temporaryDirectory('crash'), 'dead.ndjson');
        copyFileSync(original, file);
        copyFileSync(rotatedOf(original), rotatedOf(file));
        const before = emulator.logs().length;
        const whole = environmentOf(emulator, file);
        const env = { ...whole, ...kill, PUTLOGS_COMPRESSION: 'none' };
        const [{ signal }] = await Promise.all([
          putlogs('dead-letter replay', env, { nodeArgs: ['-r', killedAt] }),
          ...Array.from({ length: others }, () => putlogs('dead-letter replay', whole)),
        ]);
        const delivered = emulator
          .logs()
          .slice(before)
          .map((log) => `${first!.target['topicId']} ${contentsOf(log)['n']}`);
        const kept = new Set([...delivered, ...filesOf(file).flatMap(numbersIn)]);
        for (const record of all) assert.ok(kept.has(record), `${record} is lost by a kill at ${kill['KILL_AT']}`);
        const { code, stderr } = await putlogs('dead-letter replay', whole);
        assert.equal(code, 1, stderr);
        const rest = new Set([rotatedOf(file), file].flatMap(numbersIn));
        assert.deepEqual(
          [...rest].sort(),
          [...new Set(all)].filter((record) => / 8$/.test(record) || record.startsWith(OTHER_TOPIC_ID)).sort(),
        );
        assertTidy(file);
        return signal === 'SIGKILL';
      };
      const count = join(temporaryDirectory('count'), 'calls');
      assert.equal(await survives({ KILL_AT: `${NEVER} before`, KILL_COUNT: count }, 0), false);
      const calls = callsIn(count, 'all');
      const killed: number[] = [];
      for (const nth of killPoints(calls, POINTS)) {
        // Behind a call is the same moment as before the next one.
        const when = KILLS_AT_ALL_CALLS || killed.length % 2 === 1 ? 'before' : 'after';
        if (await survives({ KILL_AT: `${nth} ${when}` }, replays - 1)) killed.push(nth);
        else if (KILLS_AT_ALL_CALLS) break;
      }
      t.diagnostic(`killed at ${killed.join(', ')} of ${calls} calls`);
      assert.ok(killed.length >= 3, `killed at ${killed.join(', ')} of ${calls}`);
    });
  }

  test('a transport goes on writing to the file while it is replayed, and none of its lines is lost', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('both'), 'dead.ndjson');
    emulator.faults(BAD);
    const shipper = createShipper({ ...optionsFor(emulator), lingerMs: 0, deadLetter: { file } });
    after(() => shipper.close());
    shipper.write('{"n":0,"text":"bad"}');
    await shipper.flush();
    emulator.faults([{ delayMs: 300 }]);
    const replaying = putlogs('dead-letter replay', environmentOf(emulator, file));
    await until('it has taken the file', () => existsSync(claimOf(file)));
    emulator.faults(BAD);
    for (let n = 1; n <= 5; n += 1) {
      shipper.write(JSON.stringify({ n, text: 'bad' }));
      await shipper.flush();
    }
    await replaying;
    assert.equal(shipper.stats().deadLettered, 6);
    const left = linesOf(file).map(({ record }) => Number(record.contents['n']));
    const all = new Set([...left, ...numbersAt(emulator)]);
    assert.deepEqual([...all].sort(), [0, 1, 2, 3, 4, 5]);
  });

  test(`${DEAD_LETTERS.count} dead letters are listed and replayed within the memory of a few windows`, async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('long'), 'dead.ndjson');
    await refused(emulator, file, 4);
    const { count, padBytes } = DEAD_LETTERS;
    multiply(file, count, padBytes);
    assert.ok(statSync(file).size > 50_000_000);
    emulator.faults([]);
    const env = { ...environmentOf(emulator, file), NODE_OPTIONS: '--max-old-space-size=48' };
    const listed = await putlogs('dead-letter ls --json', env);
    assert.equal(JSON.parse(listed.stdout).records, count, listed.stderr);
    const { code, stdout, stderr } = await putlogs('dead-letter replay --json', env);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).delivered, count);
    assert.equal(emulator.stats().logs, count + 3);
  });

  test('after a complete replay there are no records, and both commands end with exit code 0', async () => {
    const emulator = await emulatorForTest();
    const file = join(temporaryDirectory('replayed'), 'dead.ndjson');
    await refused(emulator, file, 4);
    emulator.faults([]);
    const env = environmentOf(emulator, file);
    assert.equal((await putlogs('dead-letter replay', env)).code, 0);
    assert.equal(existsSync(file), false);
    const listed = await putlogs('dead-letter ls', env);
    assert.deepEqual(
      [listed.code, listed.stdout, listed.stderr],
      [0, '0 records, 0 B\n', `putlogs: there is no file ${file}: no record was refused, or each was replayed\n`],
    );
    const asJson = await putlogs('dead-letter ls --json', env);
    assert.deepEqual(JSON.parse(asJson.stdout), { records: 0, bytes: 0, unreadable: 0, reasons: [] });
    const again = await putlogs('dead-letter replay --json', env);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).delivered, 0);
    assert.match(again.stderr, /there is no file /);
  });

  test('a missing directory or option is reported by name, with exit code 2', async () => {
    const missing = await putlogs('dead-letter ls --dead-letter-file /nowhere/dead.ndjson', {});
    assert.deepEqual(
      [missing.code, missing.stderr],
      [2, 'putlogs: deadLetter.file (from --dead-letter-file): /nowhere/dead.ndjson cannot be read: ENOENT\n'],
    );
    const unnamed = await putlogs('dead-letter replay', {});
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /deadLetter\.file: is missing; set --dead-letter-file, or PUTLOGS_DEAD_LETTER_FILE/);
  });
});
