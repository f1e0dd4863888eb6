// The counters as OpenTelemetry metrics, read by the real SDK while the real thing runs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { metrics } from '@opentelemetry/api';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { createShipper, createWorkerShipper, type Stats } from '@putlogs/core';
import { INSTRUMENTS } from '@putlogs/core/internal/telemetry/instruments';
import { type ReportOptions, reportStats, type StatsSource } from '@putlogs/core/otel';
import { transport as pinoTransport, stats as statsOfPino } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';
import { runChild } from '../support/child';
import { temporaryDirectory } from '../support/directory';
import { emulatorForTest, optionsFor, until } from '../support/emulator';
import { ended, flushed, startPino } from '../support/pino-destination';

class OnDemandReader extends MetricReader {
  protected override onForceFlush = async (): Promise<void> => {};
  protected override onShutdown = async (): Promise<void> => {};
}

/** By instrument, what was observed: `'' -> 3`, or by reason, `memory -> 2`. */
type Observed = Record<string, Record<string, number>>;

function reporting(source: StatsSource, options: Omit<ReportOptions, 'meter'> = {}) {
  const reader = new OnDemandReader();
  const provider = new MeterProvider({ readers: [reader] });
  after(() => provider.shutdown());
  const end = reportStats(source, { meter: provider.getMeter('test'), ...options });
  const points = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return { all, errors };
  };
  const read = async (): Promise<Observed> => {
    const { all, errors } = await points();
    assert.deepEqual(errors, []);
    const valuesOf = (given: readonly DataPoint<unknown>[]) =>
      given.map(({ attributes, value }) => [attributes['error.type'] ?? '', value]);
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [descriptor.name, Object.fromEntries(valuesOf(dataPoints))]),
    );
  };
  return { points, read, end };
}

test('accepted, refused, delivered and lost records have the names of the conventions, each loss under its reason', async () => {
  const emulator = await emulatorForTest();
  const options = { ...optionsFor(emulator), memory: { maxBytes: 1024 * 1024 }, retry: { baseMs: 1, maxMs: 20 } };
  const shipper = createShipper({ ...options, deadLetter: { file: join(temporaryDirectory('otel'), 'dead.ndjson') } });
  const { read } = reporting(shipper);
  assert.deepEqual((await read())['otel.sdk.processor.log.processed'], { '': 0 });

  emulator.faults([{ match: { contains: 'bad' }, code: 'InvalidArgument' }]);
  for (let n = 0; n < 99; n += 1) shipper.write(`{"n":${n}}`);
  shipper.write('{"n":"bad"}');
  await shipper.flush();
  const large = JSON.stringify({ text: 'x'.repeat(400_000) });
  emulator.faults([{ status: 503 }]);
  const taken = [large, large, large, large].filter((record) => shipper.write(record)).length;
  assert.ok(taken < 4, 'memory was full');
  await shipper.close({ timeoutMs: 0 });
  shipper.write('{}');

  const observed = await read();
  assert.deepEqual(observed['otel.sdk.processor.log.processed'], {
    '': 100 + taken,
    queue_full: 4 - taken,
    already_shutdown: 1,
  });
  assert.deepEqual(observed['otel.sdk.exporter.log.exported'], { '': 99, rejected: 1, exit: taken });
  assert.deepEqual(observed['otel.sdk.exporter.log.inflight'], { '': 0 });
  assert.deepEqual(observed['putlogs.record.dead_lettered'], { '': 1 });
  assertSame(observed, shipper.stats());
});

test('in an outage pending records are in flight, in memory or on disk; afterwards there are none', async () => {
  const emulator = await emulatorForTest();
  emulator.faults([{ status: 503 }]);
  const host = createWorkerShipper({
    ...optionsFor(emulator),
    spool: { dir: temporaryDirectory('otel'), mode: 'always' },
  });
  const { read } = reporting(host);
  for (let n = 0; n < 10; n += 1) host.write(`{"n":${n}}`);
  const first = await read();
  assert.deepEqual(
    [first['otel.sdk.processor.log.queue.size'], first['otel.sdk.exporter.log.inflight']],
    [{ '': 10 }, { '': 10 }],
  );
  assert.ok(first['putlogs.memory.usage']!['']! > 0);
  await until('it was tried again', () => host.stats().spooled === 10 && host.stats().retries > 1);
  const outage = await read();
  assert.deepEqual(outage['otel.sdk.exporter.log.inflight'], { '': 10 });
  assert.deepEqual(outage['otel.sdk.processor.log.queue.size'], { '': 0 });
  assert.deepEqual(outage['putlogs.spool.size'], { '': 10 });
  assert.ok(outage['putlogs.request.retried']!['']! > 1);
  emulator.faults([]);
  await host.close();
  const afterwards = await read();
  assert.deepEqual(afterwards['otel.sdk.exporter.log.inflight'], { '': 0 });
  assert.deepEqual(afterwards['putlogs.spool.size'], { '': 0 });
  assert.deepEqual(afterwards['otel.sdk.exporter.log.exported'], { '': 10 });
  assertSame(afterwards, host.stats());
});

/** Every counter is in one of the instruments, with its value of now. */
function assertSame(observed: Observed, stats: Stats): void {
  const sum = (name: string) => Object.values(observed[name]!).reduce((all, value) => all + value, 0);
  const { accepted, delivered, dropped, refused, pending, spooled, pendingBytes, deadLetterLost, ...rest } = stats;
  const all = (reasons: Stats['dropped']) => Object.values(reasons).reduce((one, other) => one + other, 0);
  assert.deepEqual(
    Object.keys(observed).sort(),
    INSTRUMENTS.map(({ name }) => name).sort(),
    'each instrument has a value',
  );
  assert.equal(sum('otel.sdk.processor.log.processed'), accepted + all(refused));
  assert.equal(sum('otel.sdk.exporter.log.exported'), delivered + all(dropped));
  assert.equal(sum('otel.sdk.exporter.log.inflight'), pending + spooled);
  assert.equal(sum('putlogs.memory.usage'), pendingBytes);
  assert.equal(sum('putlogs.record.dead_lettered'), rest.deadLettered + deadLetterLost);
  const plain: Record<Exclude<keyof typeof rest, 'deadLettered'>, string> = {
    recovered: 'putlogs.record.recovered',
    deadLetterEvicted: 'putlogs.record.dead_letter_evicted',
    truncated: 'putlogs.record.truncated',
    batches: 'putlogs.batch.delivered',
    halved: 'putlogs.batch.halved',
    rawBytes: 'putlogs.batch.raw_size',
    wireBytes: 'putlogs.batch.wire_size',
    requests: 'putlogs.request.sent',
    retries: 'putlogs.request.retried',
    credentialFailures: 'putlogs.credentials.failed',
    transformFailures: 'putlogs.transform.failed',
    statusFailures: 'putlogs.status.failed',
  };
  for (const [counter, name] of Object.entries(plain)) {
    assert.deepEqual(observed[name], { '': rest[counter as keyof typeof plain] }, name);
  }
}

test('winston’s transport, pino’s stream and a transport in pino’s worker are sources as well', async () => {
  const emulator = await emulatorForTest();
  const options = optionsFor(emulator);
  const ofWinston = new PutlogsTransport(options);
  winston.createLogger({ transports: [ofWinston] }).info('one');
  await ofWinston.flush();
  const stream = await pinoTransport(options);
  pino(stream).info('one');
  await stream.flush();
  const destination = startPino({ target: '@putlogs/pino', options });
  const logger = pino(destination);
  logger.info('one');
  await flushed(logger);
  for (const source of [ofWinston, stream, () => statsOfPino(destination)]) {
    const { read } = reporting(source);
    assert.deepEqual((await read())['otel.sdk.exporter.log.exported'], { '': 1 });
  }
  await ended(destination);
  await new Promise((done) => stream.on('close', done).end());
  await new Promise((done) => ofWinston.on('finish', done).end());

  const { points } = reporting(() => statsOfPino(destination, { timeoutMs: 10 }));
  const { all, errors } = await points();
  const isObserved = all.some(({ dataPoints }) => dataPoints.length > 0);
  assert.deepEqual([isObserved, errors.length], [false, 1], 'a source that is gone');
});

test('each transport is a component of its own, named by itself or by its user', async () => {
  const emulator = await emulatorForTest();
  const shipper = createShipper(optionsFor(emulator));
  after(() => shipper.close());
  const named = reporting(shipper, { attributes: { 'otel.component.name': 'orders', zone: 'a' } });
  const attributesOf = async ({ points }: typeof named) => (await points()).all[0]?.dataPoints[0]?.attributes;
  assert.deepEqual(await attributesOf(named), {
    'otel.component.type': 'putlogs',
    'otel.component.name': 'orders',
    zone: 'a',
  });
  const [one, other] = [reporting(shipper), reporting(shipper)];
  const names = [await attributesOf(one), await attributesOf(other)].map((given) => given!['otel.component.name']);
  assert.match(names.join(' '), /^putlogs\/\d+ putlogs\/\d+$/);
  assert.notEqual(names[0], names[1]);
});

test('a source is read when metrics are collected, until its reporting has ended', async () => {
  const shipper = createShipper({ enabled: false });
  let readings = 0;
  const { read, end } = reporting(() => {
    readings += 1;
    return shipper.stats();
  });
  assert.equal(readings, 0);
  await read();
  assert.equal(readings, 1);
  end();
  await read();
  assert.equal(readings, 1);
});

test('without a meter it is the global provider’s, by the name and version of the package', async () => {
  const reader = new OnDemandReader();
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  after(() => {
    metrics.disable();
    return provider.shutdown();
  });
  const shipper = createShipper({ enabled: false });
  shipper.write('{}');
  const end = reportStats(shipper);
  const { resourceMetrics } = await reader.collect();
  const [{ scope, metrics: all } = { scope: undefined, metrics: [] }] = resourceMetrics.scopeMetrics;
  const { version } = require('@putlogs/core/package.json') as { version: string };
  assert.deepEqual([scope?.name, scope?.version], ['@putlogs/core', version]);
  for (const { name, unit, description } of INSTRUMENTS) {
    const { descriptor } = all.find((metric) => metric.descriptor.name === name)!;
    assert.deepEqual([descriptor.unit, descriptor.description], [unit, description]);
  }
  end();
});

test('nothing else in the package loads the API of OpenTelemetry, and both entry points return the same objects', async () => {
  const program = `
    import * as core from '@putlogs/core';
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const shipper = core.createShipper({ enabled: false });
    await shipper.close();
    const loaded = () => Object.keys(require.cache).some((file) => file.includes('@opentelemetry'));
    const before = loaded();
    const { reportStats } = await import('@putlogs/core/otel');
    process.stdout.write(JSON.stringify([before, loaded(), reportStats === require('@putlogs/core/otel').reportStats]));`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout, stderr } = await runChild('', { command: process.execPath, args, cwd: __dirname });
  assert.deepEqual([stdout, stderr], ['[false,true,true]', '']);
});

test('the table of docs/metrics.md is that of the code', () => {
  const page = readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8');
  const row = ({ name, kind, unit, description }: (typeof INSTRUMENTS)[number]) =>
    `| \`${name}\` | ${kind} | \`${unit}\` | ${description} |`;
  const rows = page.split('\n').filter((line) => line.startsWith('| `otel.') || line.startsWith('| `putlogs.'));
  assert.deepEqual(rows, INSTRUMENTS.map(row));
});
