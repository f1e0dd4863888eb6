// The status file: what it has, when it is written, what a failure does, and what a reader makes of any file.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { StatusReader, type StatusReaderOptions } from '@putlogs/core/internal/maintenance/statuses';
import { decodeStatus, encodeStatus, STATUS_FILE_BYTES, type Status } from '@putlogs/core/internal/shipper/status-file';
import { type PublisherParts, StatusPublisher } from '@putlogs/core/internal/shipper/status-publisher';
import { removeLeft, writeStatus } from '@putlogs/core/internal/shipper/status-writer';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { statusName } from '@putlogs/core/internal/spool/names';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import { batchNotDelivered } from '@putlogs/core/internal/telemetry/warning-catalogue';
import { type Warning, WarningReporter } from '@putlogs/core/internal/telemetry/warnings';
import { temporaryDirectory } from '../support/directory';
import { until } from '../support/emulator';
import { HandClock, settled } from './hand-clock';

const RUN = '018f3b2c4d5ea1b2c3';
const LATER_RUN = '018f3b2c4d5fa1b2c3';
const isWindows = process.platform === 'win32';

function statusWith(more: Partial<Status> = {}): Status {
  return {
    run: RUN,
    beat: 1,
    ...ownIdentity(),
    instance: 'orders',
    target: 'volc-tls',
    destination: '{"topicId":"t"}',
    startedMs: Date.now(),
    writtenMs: Date.now(),
    perSecond: { accepted: 1, delivered: 2, wireBytes: 3 },
    stats: new Counters().stats(),
    warning: null,
    ...more,
  };
}

// format

test('a status is read as it was written, in a file of one size', () => {
  const counters = new Counters();
  for (const counter of ['accepted', 'delivered', 'retries'] as const) counters.add(counter, Number.MAX_SAFE_INTEGER);
  counters.drop('spool', 3);
  const status = statusWith({
    stats: counters.stats(),
    warning: { code: 'BATCH_RETRIED', message: '日志 "x"', atMs: 5 },
  });
  const bytes = encodeStatus({ ...status, stats: { ...status.stats, pending: 0 } });
  assert.equal(bytes.length, STATUS_FILE_BYTES);
  assert.deepEqual(decodeStatus(bytes), {
    kind: 'status',
    status: { ...status, stats: { ...status.stats, pending: 0 } },
  });
});

test('a status always fits: the message is cut first, and the counters stay', () => {
  const counters = new Counters();
  for (const name of Object.keys(counters.stats())) {
    if (name !== 'pending' && name !== 'dropped' && name !== 'refused') counters.add(name as 'accepted', 2 ** 50);
  }
  for (const reason of ['memory', 'exit', 'spool', 'worker'] as const) {
    counters.drop(reason, 2 ** 50);
    counters.refuse(reason, 2 ** 50);
  }
  const long = '日"\\\u0007'.repeat(1000);
  const warning = { code: 'BATCH_RETRIED', message: long, atMs: 5 };
  const decoded = decodeStatus(
    encodeStatus(
      statusWith({ stats: counters.stats(), warning, instance: long, destination: long, host: 'h'.repeat(64) }),
    ),
  );
  assert.ok(decoded.kind === 'status');
  assert.equal(decoded.status.stats.delivered, 2 ** 50);
  assert.equal(decoded.status.stats.dropped.spool, 2 ** 50);
  assert.equal(decoded.status.warning?.code, 'BATCH_RETRIED');
});

test('half of a rewrite is torn, or all of one of the two', () => {
  const [old, fresh] = [statusWith({ beat: 1 }), statusWith({ beat: 2, instance: 'other' })];
  let torn = 0;
  for (let at = 0; at <= STATUS_FILE_BYTES; at += 1) {
    const decoded = decodeStatus(Buffer.concat([encodeStatus(fresh).subarray(0, at), encodeStatus(old).subarray(at)]));
    if (decoded.kind === 'torn') torn += 1;
    else assert.deepEqual(decoded, { kind: 'status', status: at < 100 ? old : fresh }, `cut at ${at}`);
  }
  assert.ok(torn > 500, `${torn} torn`);
  assert.equal(decodeStatus(Buffer.alloc(0)).kind, 'torn');
  assert.equal(decodeStatus(encodeStatus(fresh).subarray(0, 300)).kind, 'torn');
});

test('fields of a wrong type count as not known', () => {
  const json = JSON.stringify({ pid: 'x', beat: -1, stats: { accepted: '5', dropped: [] }, warning: 7, host: null });
  const decoded = decodeStatus(Buffer.from(`putlogs-status 1 ${crc32(json).toString(16).padStart(8, '0')}\n${json}\n`));
  assert.ok(decoded.kind === 'status');
  const { pid, beat, host, stats, warning } = decoded.status;
  assert.deepEqual([pid, beat, host, warning], [0, 0, '', null]);
  assert.deepEqual(stats, new Counters().stats());
});

// reader

function readerOf(directory: string, options: StatusReaderOptions = {}): StatusReader {
  return new StatusReader([directory], options);
}

function put(directory: string, status: Status): string {
  const path = join(directory, statusName(status.run));
  writeFileSync(path, encodeStatus(status));
  return path;
}

test('a reader reports each file that is no status with its reason, and follows no link', { skip: isWindows }, () => {
  const directory = temporaryDirectory('status');
  const [elsewhere, name] = [temporaryDirectory('elsewhere'), (n: number) => statusName(`${n}`.padStart(18, '0'))];
  put(directory, statusWith());
  writeFileSync(join(directory, name(1)), 'garbage\n'.repeat(10));
  writeFileSync(join(directory, name(2)), Buffer.alloc(5_000_000, 'x'));
  symlinkSync(put(elsewhere, statusWith()), join(directory, name(3)));
  execFileSync('mkfifo', [join(directory, name(4))]);
  mkdirSync(join(directory, name(5)));
  writeFileSync(join(directory, name(6)), encodeStatus(statusWith()).subarray(0, 700));
  writeFileSync(join(directory, 'other.txt'), 'not ours');
  const { processes, unreadable } = readerOf(directory).read();
  assert.deepEqual(
    processes.map(({ status, state }) => [status.run, state]),
    [[RUN, 'alive']],
  );
  const notPlain = 'is not a regular file of a few KiB';
  assert.deepEqual(
    unreadable.map(({ problem }) => problem),
    [
      'is no status file, or was written by another version of putlogs',
      notPlain,
      notPlain,
      notPlain,
      notPlain,
      'is being written, or is damaged',
    ],
  );
});

test('a torn file is read as it was before', () => {
  const directory = temporaryDirectory('status');
  const path = put(directory, statusWith({ beat: 7 }));
  const reader = readerOf(directory);
  assert.equal(reader.read().processes[0]?.status.beat, 7);
  writeFileSync(path, encodeStatus(statusWith({ beat: 8 })).subarray(0, 700));
  const { processes, unreadable } = reader.read();
  assert.equal(processes[0]?.status.beat, 7);
  assert.deepEqual(unreadable, []);
});

test('a process is gone if its pid or its start time is of no process, and silent if it writes no status', () => {
  const directory = temporaryDirectory('status');
  const clock = new HandClock();
  clock.wallMs = () => 10_000_000;
  const read = (more: Partial<Status>) => {
    put(directory, statusWith({ writtenMs: 9_999_000, ...more }));
    return readerOf(directory, { clock }).read().processes[0]?.state;
  };
  assert.equal(read({}), 'alive');
  assert.equal(read({ writtenMs: 9_960_000 }), 'silent');
  assert.equal(read({ start: '1' }), process.platform === 'linux' ? 'gone' : 'alive');
  assert.equal(read({ pid: 2 ** 22 + 1 }), 'gone');
  assert.equal(read({ pid: 2 ** 22 + 1, writtenMs: 10_000_000 - 3_600_001 }), undefined, 'not shown after an hour');
  assert.equal(read({ pidns: 'pid:[1]' }), 'alive', 'a container of this machine, by its time');
  assert.equal(read({ pidns: 'pid:[1]', writtenMs: 9_960_000 }), 'elsewhere');
  assert.equal(read({ boot: 'another' }), 'elsewhere');
});

test('a process of another machine is alive when its beat moves, whatever its clock shows', async () => {
  const directory = temporaryDirectory('status');
  const clock = new HandClock();
  const reader = readerOf(directory, { clock });
  const beat = (n: number) => {
    put(directory, statusWith({ boot: 'another', host: 'b', writtenMs: 1, beat: n }));
    return reader.read().processes[0]?.state;
  };
  assert.equal(beat(1), 'elsewhere');
  assert.equal(beat(2), 'alive');
  await clock.pass(31_000);
  assert.equal(beat(2), 'elsewhere');
});

// publisher

interface Published {
  readonly clock: HandClock;
  readonly counters: Counters;
  readonly publisher: StatusPublisher;
  readonly reporter: WarningReporter;
  readonly reported: Warning[];
}

function publisherIn(directory: string, more: Partial<PublisherParts> = {}): Published {
  const [clock, counters, reported] = [new HandClock(), new Counters(), [] as Warning[]];
  const reporter = new WarningReporter(clock, (warning) => reported.push(warning));
  const publisher = new StatusPublisher({
    clock,
    counters,
    warnings: reporter,
    about: { instance: 'orders', target: 'volc-tls', destination: '{}' },
    place: () => ({ directory, run: RUN }),
    isOwnDirectory: true,
    stats: () => counters.stats(),
    latestWarning: () => reporter.latest,
    deadRuns: [],
    ...more,
  });
  return { clock, counters, publisher, reporter, reported };
}

/** Undefined while it is not there, or is being written. */
function readStatus(directory: string): Status | undefined {
  const path = join(directory, statusName(RUN));
  const decoded = existsSync(path) ? decodeStatus(readFileSync(path)) : undefined;
  return decoded?.kind === 'status' ? decoded.status : undefined;
}

/** Lets seconds pass until the condition holds. In a second whose last write is in flight, nothing is written. */
async function passUntil({ clock }: Published, what: string, met: () => boolean): Promise<void> {
  await until(what, async () => {
    await clock.pass(1000);
    return met();
  });
}

test('a publisher writes counters, rates and the last warning, and removes its file at the end', async () => {
  const directory = join(temporaryDirectory('status'), 'made/by/it');
  const published = publisherIn(directory);
  const { clock, counters, publisher, reporter } = published;
  reporter.warn(batchNotDelivered({ kind: 'retry', refusal: { code: 'ECONNREFUSED', message: 'no' } }, 1, 1, 5, true));
  reporter.warn(batchNotDelivered({ kind: 'retry', refusal: { code: 'ETIMEDOUT', message: 'no' } }, 1, 1, 5, true));
  await until('it was written four times', async () => {
    counters.add('accepted', 10);
    await clock.pass(1000);
    return (readStatus(directory)?.beat ?? 0) >= 4;
  });
  const { stats, warning, pid, instance, perSecond } = readStatus(directory)!;
  assert.deepEqual([pid, instance, stats.pending], [process.pid, 'orders', stats.accepted]);
  assert.ok(stats.accepted >= 40);
  assert.match(`${warning?.code} ${warning?.message}`, /^BATCH_RETRIED 1 record was not delivered, ETIMEDOUT/);
  assert.deepEqual(perSecond, { accepted: 10, delivered: 0, wireBytes: 0 });
  if (!isWindows) assert.equal(lstatSync(join(directory, statusName(RUN))).mode & 0o777, 0o600);
  publisher.close();
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(clock.timers, 0);
});

test('an idle publisher writes once in ten seconds', async () => {
  let writes = 0;
  const published = publisherIn(temporaryDirectory('status'), {
    write: async () => {
      writes += 1;
    },
  });
  // The first write is followed by a look at the directory, during which nothing is written.
  await passUntil(published, 'the first two writes', () => writes === 2);
  for (let second = 0; second < 100; second += 1) await published.clock.pass(1000);
  assert.ok(writes >= 11 && writes <= 13, `${writes} writes`);
  published.publisher.close();
});

test('a write that never ends has no second one beside it, and does not hold up the end', async () => {
  let writes = 0;
  const directory = temporaryDirectory('status');
  const published = publisherIn(directory, {
    write: () => {
      writes += 1;
      return new Promise(() => {});
    },
  });
  for (let second = 0; second < 100; second += 1) {
    published.counters.add('accepted');
    await published.clock.pass(1000);
  }
  assert.equal(writes, 1);
  published.publisher.close();
  assert.equal(published.clock.timers, 0);
});

test('a write in flight at the end leaves no file behind', async () => {
  const directory = temporaryDirectory('status');
  let goOn: () => void = () => {};
  const published = publisherIn(directory, {
    write: async (path, bytes, makes) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await writeStatus(path, bytes, makes);
      goOn = () => {};
    },
  });
  await published.clock.pass(1000);
  published.publisher.close();
  goOn();
  await until('the file is made and removed', () => published.counters.read('statusFailures') > 0 || isDone());
  function isDone(): boolean {
    return readdirSync(directory).length === 0;
  }
  await settled();
  await until('nothing is left', isDone);
});

test('each failure is counted, and the first one is reported; in a spool none is', async () => {
  const blocked = join(temporaryDirectory('status'), 'file');
  writeFileSync(blocked, 'no directory');
  for (const isOwnDirectory of [true, false]) {
    const published = publisherIn(blocked, { isOwnDirectory });
    await passUntil(published, 'three failures', () => published.counters.read('statusFailures') >= 3);
    published.publisher.close();
    assert.deepEqual(
      published.reported.map(({ code }) => code),
      isOwnDirectory ? ['STATUS_NOT_WRITTEN'] : [],
    );
  }
});

test('a file that another user could have put there is not written to', { skip: isWindows }, async () => {
  const [directory, elsewhere] = [temporaryDirectory('status'), join(temporaryDirectory('elsewhere'), 'mine')];
  const path = join(directory, statusName(RUN));
  writeFileSync(elsewhere, 'precious');
  linkSync(elsewhere, path);
  await assert.rejects(writeStatus(path, encodeStatus(statusWith()), true), { code: 'EFOREIGN' });
  execFileSync('rm', [path]);
  symlinkSync(elsewhere, path);
  await assert.rejects(writeStatus(path, encodeStatus(statusWith()), true), { code: 'ELOOP' });
  execFileSync('rm', [path]);
  execFileSync('mkfifo', [path]);
  await assert.rejects(writeStatus(path, encodeStatus(statusWith()), true), { code: 'EFOREIGN' });
  assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
});

test('a deleted directory is made again', async () => {
  const directory = join(temporaryDirectory('status'), 'made');
  const path = join(directory, statusName(RUN));
  await writeStatus(path, encodeStatus(statusWith()), true);
  execFileSync('rm', ['-r', directory]);
  await writeStatus(path, encodeStatus(statusWith()), true);
  execFileSync('rm', ['-r', directory]);
  await assert.rejects(writeStatus(path, encodeStatus(statusWith()), false), { code: 'ENOENT' });
});

test('files that were not written for an hour are removed, and no other file', async () => {
  const directory = temporaryDirectory('status');
  const own = put(directory, statusWith());
  const old = put(directory, statusWith({ run: LATER_RUN }));
  const fresh = put(directory, statusWith({ run: '1'.repeat(18) }));
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  const hoursAgo = (hours: number) => (Date.now() - hours * 3_600_000) / 1000;
  utimesSync(old, hoursAgo(1.1), hoursAgo(1.1));
  utimesSync(fresh, hoursAgo(0.9), hoursAgo(0.9));
  utimesSync(join(directory, 'notes.txt'), hoursAgo(9), hoursAgo(9));
  await removeLeft(own);
  assert.deepEqual(readdirSync(directory).sort(), [statusName(RUN), statusName('1'.repeat(18)), 'notes.txt'].sort());
});

test('the file of a dead worker, and of the run before an eviction, is removed', async () => {
  const directory = temporaryDirectory('status');
  put(directory, statusWith({ run: LATER_RUN }));
  let run = RUN;
  const published = publisherIn(directory, { place: () => ({ directory, run }), deadRuns: [LATER_RUN] });
  await passUntil(published, 'the dead one is gone', () => readdirSync(directory).join() === statusName(RUN));
  run = '2'.repeat(18);
  await passUntil(published, 'only the new one is left', () => readdirSync(directory).join() === statusName(run));
  published.publisher.close();
});
