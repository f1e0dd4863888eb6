// The pino transports, each in the worker that pino starts for it.
//
// Each is configured as in its README, with batching, and with higher limits if a burst needs them (see the table in
// README.md). Nothing is imported here: a transport must be loaded only in its worker.

import { once } from 'node:events';
import { join } from 'node:path';
import type { Logger, TransportSingleOptions } from 'pino';
import { type Contender, type Place, putlogsOptions, type Started } from './contender';

/** How long all of them wait for a batch to fill. It is the default of most. */
const LINGER_MS = 1000;

type Target = (place: Place) => Pick<TransportSingleOptions, 'target' | 'options'>;

const floorRaw: Target = () => ({ target: join(__dirname, 'floor-raw.js') });
const floorLine: Target = () => ({ target: join(__dirname, 'floor-line.js') });

const ours =
  (target: 'volc-tls' | 'aliyun-sls'): Target =>
  (place) => ({ target: '@putlogs/pino', options: putlogsOptions(place, target) });

const loki: Target = ({ url, room }) => ({
  target: 'pino-loki',
  options: {
    host: url,
    labels: { app: 'bench' },
    batching: { interval: LINGER_MS / 1000, ...(room === null ? {} : { maxBufferSize: room.records }) },
  },
});

const openTelemetry: Target = ({ url, room }) => ({
  target: 'pino-opentelemetry-transport',
  options: {
    loggerName: 'bench',
    serviceVersion: '1.0.0',
    logRecordProcessorOptions: {
      recordProcessorType: 'batch',
      exporterOptions: { protocol: 'http/protobuf', protobufExporterOptions: { url: `${url}/v1/logs` } },
      processorConfig: { scheduledDelayMillis: LINGER_MS, ...(room === null ? {} : { maxQueueSize: room.records }) },
    },
  },
});

const logtail: Target = ({ url, room }) => ({
  target: '@logtail/pino',
  options: {
    sourceToken: 'bench',
    options: {
      endpoint: `${url}/logtail`,
      batchInterval: LINGER_MS,
      ...(room === null ? {} : { burstProtectionMax: 0, syncQueuedMax: -1 }),
    },
  },
});

const axiom: Target = ({ url }) => ({
  target: '@axiomhq/pino',
  options: { dataset: 'bench', token: 'xaat-bench', url },
});

const elasticsearch: Target = ({ url }) => ({
  target: 'pino-elasticsearch',
  options: { node: url, index: 'bench', esVersion: 8, flushBytes: 1024 * 1024, flushInterval: LINGER_MS },
});

function pinoContender(name: string, kind: Contender['kind'], target: Target, isInSmoke = false): Contender {
  return { name, logger: 'pino', kind, isInSmoke, isThreaded: true, start: (place) => start(target(place), place) };
}

export const PINO_CONTENDERS: readonly Contender[] = [
  pinoContender('floor-raw', 'floor', floorRaw, true),
  pinoContender('floor-line', 'floor', floorLine, true),
  pinoContender('putlogs volc-tls', 'ours', ours('volc-tls'), true),
  pinoContender('putlogs aliyun-sls', 'ours', ours('aliyun-sls'), true),
  pinoContender('pino-loki', 'peer', loki, true),
  pinoContender('pino-opentelemetry-transport', 'peer', openTelemetry),
  pinoContender('@logtail/pino', 'peer', logtail),
  pinoContender('@axiomhq/pino', 'peer', axiom),
  pinoContender('pino-elasticsearch', 'peer', elasticsearch),
];

async function start(options: ReturnType<Target>, { workload }: Place): Promise<Started> {
  const { pino } = require('pino') as typeof import('pino');
  const transport = pino.transport(options);
  const logger: Logger = pino({ base: workload.base }, transport);
  const failed = new Promise<never>((_, reject) => transport.once('error', reject));
  // An error reaches the code that waits for it. A transport that is cut off at the end is no failure of the program.
  failed.catch(() => {});
  return {
    importMs: 0,
    ready: Promise.race([once(transport, 'ready').then(() => {}), failed]),
    log: ({ level, fields, message }) => logger[level](fields, message),
    end: () =>
      new Promise((resolve) => {
        transport.once('close', resolve);
        transport.end();
      }),
  };
}
