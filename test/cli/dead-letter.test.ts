// putlogs dead-letter, as its users run it: records that a real service refused, and their way back.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createShipper } from '@putlogs/core';
import { claimOf, type DeadLetter } from '@putlogs/core/tools';
import { temporaryDirectory } from '../support/directory';
import { contentsOf, type Emulator, environmentFor, optionsFor, startEmulator, until } from '../support/emulator';
import { putlogs, startPutlogs } from '../support/putlogs-command';
import { START_MS } from '../support/start-time';
import { OTHER_TOPIC_ID, TOPIC_ID } from '../support/targets';

async function running(): Promise<Emulator> {
  const emulator = await startEmulator();
  after(() => emulator.close());
  return emulator;
}

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

/** Many lines like those of the file. */
function multiply(file: string, count: number): void {
  const [first] = linesOf(file);
  const lines = Array.from({ length: count }, () => JSON.stringify(first));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

const numbersAt = (emulator: Emulator) => emulator.logs().map((log) => Number(contentsOf(log)['n']));
const environmentOf = (emulator: Emulator, file: string) => ({
  ...environmentFor(emulator),
  PUTLOGS_DEAD_LETTER_FILE: file,
});

describe('putlogs dead-letter', { timeout: 60_000 }, () => {
  test('ls counts records by the code they were refused with and by destination, and lines that are none', async () => {
    const emulator = await running();
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
    assert.match(forPeople.stdout, /^4 records, .*\n1 line that cannot be read\n\nRECORDS +CODE/);
  });

  test('replay delivers, once the cause is mended, the records as they were, and the file is gone', async () => {
    const emulator = await running();
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

  test('replay leaves in the file what is refused again, what is for elsewhere and what cannot be read', async () => {
    const emulator = await running();
    const file = join(temporaryDirectory('again'), 'dead.ndjson');
    await refused(emulator, file, 12);
    await refused(emulator, file, 4, { topicId: OTHER_TOPIC_ID });
    appendFileSync(file, 'not ours\n');
    emulator.faults([{ match: { contains: '8' }, code: 'DeserializeFailed' }]);
    const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
    assert.equal(code, 1);
    const { seconds: _, ...result } = JSON.parse(stdout);
    assert.deepEqual(result, { end: 'done', delivered: 2, refused: 1, left: 0, elsewhere: 1, unreadable: 1 });
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

  test('replay asks a service that refuses everything no more after a few, and loses nothing', async () => {
    const emulator = await running();
    const file = join(temporaryDirectory('all'), 'dead.ndjson');
    await refused(emulator, file, 4);
    multiply(file, 200);
    const { code, stdout, stderr } = await putlogs(
      'dead-letter replay --patience-ms 500 --json',
      environmentOf(emulator, file),
    );
    assert.equal(code, 1);
    assert.match(stderr, /nothing was delivered any more/);
    const { delivered, refused: again, left } = JSON.parse(stdout);
    assert.equal(delivered, 0);
    assert.ok(again > 0 && again <= 32, `${again}`);
    // What was cut to find the culprit stays whole: a record may be there twice, and none is missing.
    assert.ok(again + left >= 200 && linesOf(file).length === again + left, JSON.stringify({ again, left }));
  });

  test('killed with -9 in the middle, all lines are still there, and the next replay delivers them', async () => {
    const emulator = await running();
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
        writeFileSync(`${file}.rest`, 'half a li');
      },
    ],
  ] as const) {
    test(`a replay that was killed ${when} leaves nothing that the next one cannot take up`, async () => {
      const emulator = await running();
      const file = join(temporaryDirectory('crash'), 'dead.ndjson');
      await refused(emulator, file, 12);
      prepare(file);
      // Meanwhile another record is refused.
      await refused(emulator, file, 1);
      emulator.faults([]);
      const { code, stdout } = await putlogs('dead-letter replay --json', environmentOf(emulator, file));
      assert.equal(code, 0, stdout);
      assert.equal(JSON.parse(stdout).delivered, 4);
      for (const path of [file, claimOf(file), `${file}.rest`]) assert.equal(existsSync(path), false, path);
    });
  }

  test('killed at any of its calls to the file system, each record is delivered or in a file, and the next replay ends well', async () => {
    const emulator = await running();
    const original = join(temporaryDirectory('original'), 'dead.ndjson');
    await refused(emulator, original, 12);
    await refused(emulator, original, 4, { topicId: OTHER_TOPIC_ID });
    const [first] = linesOf(original);
    emulator.faults([{ match: { contains: '8' }, code: 'InvalidArgument' }]);
    const numbersIn = (path: string) =>
      linesOf(path).map(({ target, record }) => `${target['topicId']} ${record.contents['n']}`);
    const all = numbersIn(original);
    let points = 0;
    // Every third one here, all of them with CRASH_POINTS=all.
    const step = process.env['CRASH_POINTS'] === 'all' ? 1 : 3;
    for (let nth = 1; ; nth += step) {
      const file = join(temporaryDirectory('crash'), 'dead.ndjson');
      copyFileSync(original, file);
      const before = emulator.logs().length;
      const when = nth % 2 === 0 ? 'before' : 'after';
      const env = { ...environmentOf(emulator, file), KILL_AT: `${nth} ${when}`, PUTLOGS_COMPRESSION: 'none' };
      const { signal } = await putlogs('dead-letter replay', env, { nodeArgs: ['-r', killedAt] });
      if (signal === null) break;
      points += 1;
      const delivered = emulator
        .logs()
        .slice(before)
        .map((log) => `${first!.target['topicId']} ${contentsOf(log)['n']}`);
      const kept = new Set([...delivered, ...numbersIn(file), ...numbersIn(claimOf(file))]);
      for (const record of all) assert.ok(kept.has(record), `${record} is lost by a kill ${when} call ${nth}`);
      const { code, stderr } = await putlogs('dead-letter replay', environmentOf(emulator, file));
      assert.equal(code, 1, stderr);
      const rest = new Set(numbersIn(file));
      assert.deepEqual(
        [...rest].sort(),
        all.filter((record) => !/ (0|4)$/.test(record) || record.startsWith(OTHER_TOPIC_ID)).sort(),
      );
      for (const path of [claimOf(file), `${file}.rest`]) assert.equal(existsSync(path), false, path);
    }
    assert.ok(points >= 3, `${points} points`);
  });

  test('a transport goes on writing to the file while it is replayed, and none of its lines is lost', async () => {
    const emulator = await running();
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

  test('100,000 dead letters are listed and replayed within the memory of a few windows', async () => {
    const emulator = await running();
    const file = join(temporaryDirectory('long'), 'dead.ndjson');
    await refused(emulator, file, 4);
    multiply(file, 100_000);
    emulator.faults([]);
    const env = { ...environmentOf(emulator, file), NODE_OPTIONS: '--max-old-space-size=48' };
    const listed = await putlogs('dead-letter ls --json', env);
    assert.equal(JSON.parse(listed.stdout).records, 100_000, listed.stderr);
    const { code, stdout, stderr } = await putlogs('dead-letter replay --json', env);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).delivered, 100_000);
    assert.equal(emulator.stats().logs, 100_003);
  });

  test('a file that is not there, and one that is not named, are told by name, with exit code 2', async () => {
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
