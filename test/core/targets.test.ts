// The same records on each of the four targets, whatever TEST_TARGET says: the same fields arrive everywhere, under
// names by the target's own rule, and what a target cannot keep is as it is written down in docs/targets.md. And what a
// service says when a target is not set up.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import type { PutlogsOptions } from '@putlogs/core';
import { TARGETS } from '@putlogs/core/internal/options/target-facts';
import { arrivesByLine, corpusLine, corpusRecord } from '../support/corpus';
import { contentsOf, type EmulatorLog, type EmulatorOptions, until } from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { emulatorAndShipper, write } from '../support/shipper';
import { START_MS } from '../support/start-time';
import { TARGET_NAMES, type TargetName, type TargetUnderTest, targetNamed } from '../support/targets';

const INSTANCE = 'one';
const HASH_KEY = createHash('md5').update(INSTANCE).digest('hex');
/** A hundred: the corpus has twelve kinds of records, and an empty message twice. */
const CORPUS = Array.from({ length: 100 }, (_, n) => corpusRecord(n, START_MS));
const TAGS = { env: 'prod', team: '日志' };
const ENVELOPE = { source: 'here', fileName: 'app.log', topic: 'orders', tags: TAGS } as const;

/** A line of names that some service does not allow, or a careless program trips over; and how they must arrive. */
const NAMES = {
  line: `{"time":"${new Date(START_MS + 100).toISOString().slice(0, -1)}456789Z","instance":"one","n":100,
    "http.method":"GET","http_method":"POST","_id":1,"用户":"李雷 😀","__time__":"now","__topic__":"t"," edge ":"","":"no name",
    "__proto__":{"polluted":true},"constructor":"c","toString":"t","${'long'.repeat(40)}":"long",
    "big":123456789012345678901234567890,"float":1.50,"null":null,"list":[1,{"a":"\\ud83d"}]}`.replaceAll('\n', ''),
  /** Besides the fields whose names change nowhere. */
  arrives: {
    tls: {
      http_method: 'GET',
      http_method_2: 'POST',
      x_id: '1',
      u7528u6237: '李雷 😀',
      x_edge_: '',
      x__proto__: '{"polluted":true}',
    },
    sls: {
      'http.method': 'GET',
      http_method: 'POST',
      _id: '1',
      用户: '李雷 😀',
      ' edge ': '',
      ['__proto__']: '{"polluted":true}',
    },
    everywhere: {
      instance: 'one',
      n: '100',
      x__time__: 'now',
      x__topic__: 't',
      x: 'no name',
      constructor: 'c',
      toString: 't',
      big: '123456789012345678901234567890',
      float: '1.50',
      null: 'null',
      list: '[1,{"a":"\\ud83d"}]',
    },
  },
};

interface Reached {
  readonly logs: readonly EmulatorLog[];
  /** As the service holds them, with its own time. */
  readonly raw: readonly EmulatorLog[];
  readonly writtenMs: number;
}

const reached = new Map<TargetName, Reached>();

before(async () => {
  for (const name of TARGET_NAMES) reached.set(name, await writeTo(targetNamed(name)));
});

async function writeTo(target: TargetUnderTest): Promise<Reached> {
  const { emulator, shipper } = await emulatorAndShipper(
    { instance: INSTANCE, ...envelopeFor(target.name) },
    {},
    target,
  );
  const writtenMs = Date.now();
  for (const record of CORPUS) assert.ok(shipper.write(corpusLine(record, INSTANCE)));
  assert.ok(shipper.write(NAMES.line));
  await shipper.flush();
  const answer = await fetch(`${emulator.url}/_emulator/logs`);
  const { logs: raw } = (await answer.json()) as { logs: EmulatorLog[] };
  return { logs: emulator.logs(), raw, writtenMs };
}

/** Of the envelope what the target has a place for. */
function envelopeFor(name: TargetName): PutlogsOptions {
  return Object.fromEntries(Object.entries(ENVELOPE).filter(([path]) => !(path in TARGETS[name].unused)));
}

for (const name of TARGET_NAMES) {
  test(`every record arrives at ${name} once, unaltered, in order, with its own time`, () => {
    const { logs } = reached.get(name)!;
    const expected: ExpectedRecord[] = CORPUS.map((record) => arrivesByLine(record, INSTANCE));
    assertLedger(new Map([[INSTANCE, expected]]), logs.slice(0, CORPUS.length));
  });

  test(`names that ${name} may not allow are renamed, and none is lost`, () => {
    const { contents } = reached.get(name)!.logs.at(-1)!;
    const [long, ...others] = contents.toSorted((a, b) => b.key.length - a.key.length);
    assert.match(long!.key, /^(long){29}lon_[0-9a-f]{8}$/);
    assert.equal(long!.value, 'long');
    const { tls, sls, everywhere } = NAMES.arrives;
    const arrives = { ...everywhere, ...(TARGETS[name].vendor.id === 'volcengine' ? tls : sls) };
    assert.deepEqual(contentsOf({ contents: others }), arrives);
    assert.equal(others.length, Object.keys(arrives).length, 'no name twice');
  });
}

test('the fields and their values are the same at every target', () => {
  const [first, ...others] = TARGET_NAMES.map((name) => reached.get(name)!.logs.slice(0, -1).map(contentsOf));
  for (const other of others) assert.deepEqual(other, first);
  // The last record has names that not every target accepts.
  const values = TARGET_NAMES.map((name) =>
    reached
      .get(name)!
      .logs.at(-1)!
      .contents.map(({ value }) => value),
  );
  for (const other of values) assert.deepEqual(other.toSorted(), values[0]!.toSorted());
});

test('the time is the same to the nanosecond, wherever it is kept', () => {
  const [first, ...others] = TARGET_NAMES.map((name) =>
    reached.get(name)!.logs.map(({ time, timeNs }) => [time, timeNs]),
  );
  for (const other of others) assert.deepEqual(other, first);
  assert.deepEqual(first!.at(-1), [START_MS + 100, 456_789]);
});

test('web tracking has the time of arrival as the log’s own, and the record’s in a field', () => {
  for (const name of TARGET_NAMES) {
    const { raw, writtenMs } = reached.get(name)!;
    const isAnonymous = !targetNamed(name).keeps.time;
    for (const { service, time, contents } of raw) {
      const own = contents.find(({ key }) => key === 'time')?.value;
      assert.equal(own !== undefined, isAnonymous, name);
      const arrivedMs = service === 'sls' ? time * 1000 + 999 : time;
      assert.equal(arrivedMs >= writtenMs, isAnonymous, name);
    }
    if (!isAnonymous) continue;
    const said = contentsOf(raw.at(-1)!)['time'];
    assert.equal(said, `${new Date(START_MS + 100).toISOString().slice(0, -1)}456789Z`);
  }
});

test('source, tags and file name differ as the targets do', () => {
  const user = Object.entries(TAGS).map(([key, value]) => ({ key, value }));
  for (const name of TARGET_NAMES) {
    const { keeps } = targetNamed(name);
    const { logs } = reached.get(name)!;
    const { hashKey, packId, source, fileName, topic, tags } = logs[0]!;
    assert.equal(source, 'here', name);
    assert.equal(hashKey, keeps.hashKey ? HASH_KEY : '', name);
    assert.equal(packId !== '', keeps.packId, name);
    for (const log of logs) assert.equal(log.packId, packId, 'one batch, one pack id');
    const path = { key: '__path__', value: 'app.log' };
    const pack = { key: '__pack_id__', value: packId };
    switch (name) {
      case 'volc-tls':
        assert.deepEqual([topic, fileName, tags], ['', 'app.log', user]);
        break;
      case 'volc-webtracks':
        assert.deepEqual([topic, fileName, tags], ['', '', []]);
        break;
      default:
        assert.deepEqual([topic, fileName, tags], ['orders', '', [...user, path, pack]], name);
    }
  }
});

test('without a hash key a service distributes the batches over its shards, and by arrival they are in order', async () => {
  for (const target of TARGET_NAMES.map(targetNamed)) {
    const { emulator, shipper } = await emulatorAndShipper({ batch: { maxCount: 20 }, lingerMs: 60_000 }, {}, target);
    for (const record of CORPUS) shipper.write(corpusLine(record, INSTANCE));
    await shipper.flush();
    const shards = new Set(emulator.logs().map(({ shard }) => shard));
    assert.equal(shards.size, target.keeps.hashKey ? 1 : 4, target.name);
    const expected = CORPUS.map((record) => arrivesByLine(record, INSTANCE));
    assertLedger(new Map([[INSTANCE, expected]]), emulator.logs());
  }
});

for (const [name, where, advice] of [
  ['volc-webtracks', 'topicId', /AccessDenied \(HTTP 403\).*for web tracking, that it is on for the topic/],
  ['aliyun-webtracking', 'logstore', /Unauthorized \(HTTP 401\).*for web tracking, that it is on for the Logstore/],
] as const) {
  test(`${name} with web tracking off: held, with one warning that says what to change`, async () => {
    const target = targetNamed(name);
    const off = [where === 'topicId' ? target.place[where]! : `${target.place['project']}/${target.place[where]}`];
    await assertHeldUntil(target, { webTrackingOff: off }, advice, () => off.pop());
  });
}

for (const name of TARGET_NAMES) {
  test(`a project, Logstore or topic that does not exist holds the records for ${name}, until it is made`, async () => {
    const target = targetNamed(name);
    const [store, project] = target.codes.missing;
    const { topicId, project: ofProject, logstore } = target.place;
    if (topicId !== undefined) {
      const topics: string[] = [];
      return assertHeldUntil(target, { topics }, new RegExp(`${store} .*check topicId`), () => topics.push(topicId));
    }
    const whole = `${ofProject}/${logstore}`;
    for (const [there, code] of [
      ['another/logstore', project],
      [`${ofProject}/another`, store],
    ] as const) {
      const logstores: string[] = [there];
      const advice = new RegExp(`${code} .*check project, logstore and endpoint`);
      await assertHeldUntil(target, { logstores }, advice, () => logstores.push(whole));
    }
  });
}

/** @param change of the lists in `service`, which the emulator reads again when it is reset */
async function assertHeldUntil(
  target: TargetUnderTest,
  service: EmulatorOptions,
  told: RegExp,
  change: () => void,
): Promise<void> {
  const { emulator, shipper, warnings } = await emulatorAndShipper({ instance: INSTANCE }, service, target);
  for (const record of CORPUS) shipper.write(corpusLine(record, INSTANCE));
  await until('it has been asked for again', () => shipper.stats().retries >= 5);
  assert.equal(shipper.stats().pending, CORPUS.length);
  assert.deepEqual(
    warnings.map(({ kind }) => kind),
    ['hold'],
  );
  assert.match(warnings[0]!.message, told);
  change();
  emulator.reset();
  await shipper.flush();
  const expected = CORPUS.map((record) => arrivesByLine(record, INSTANCE));
  assertLedger(new Map([[INSTANCE, expected]]), emulator.logs());
  assert.equal(shipper.stats().delivered, CORPUS.length);
}

for (const name of ['volc-webtracks', 'aliyun-webtracking'] as const) {
  test(`records that are much longer as JSON reach ${name} without a refusal`, async () => {
    const { emulator, shipper, warnings } = await emulatorAndShipper(
      { batch: { maxBytes: 2 * 1024 * 1024 } },
      {},
      targetNamed(name),
    );
    const expected = write(shipper, 100, () => '\u0001'.repeat(20_000));
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    assert.deepEqual(emulator.stats().rejected, {});
    assert.ok(shipper.stats().halved > 0);
    assert.deepEqual(warnings, []);
  });
}
