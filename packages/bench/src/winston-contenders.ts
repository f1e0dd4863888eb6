// The winston transports: ours in a worker and in the application's thread, the others in the thread that they all use.
//
// Each is configured as in its README, on winston's default logger, which writes each record as JSON. Each is flushed
// and closed in its own way, and the run waits until it is closed.

import { once } from 'node:events';
import type winston from 'winston';
import type TransportStream from 'winston-transport';
import { type Contender, type Place, putlogsOptions, type Started, timedRequire } from './contender';

const LINGER_MS = 1000;
/** A transport whose flush ignores requests in flight is done when the sink received nothing for this time. */
const QUIET_MS = 500;

type Transport = TransportStream | winston.transport;

interface Made {
  readonly transport: Transport;
  readonly importMs: number;
  /** Replaces `logger.end()` and its 'finish'. */
  readonly end?: () => Promise<unknown>;
}

type Make = (place: Place) => Made;

const floor: Make = () => {
  const { module: Base, importMs } = timedRequire<typeof TransportStream>('winston-transport');
  const transport = new Base({ log: (_info: unknown, next: () => void) => next() });
  return { transport, importMs };
};

const ours =
  (worker: boolean): Make =>
  (place) => {
    const { module, importMs } = timedRequire<typeof import('@putlogs/winston')>('@putlogs/winston');
    return { transport: new module.PutlogsTransport({ ...putlogsOptions(place, 'volc-tls'), worker }), importMs };
  };

const loki: Make = ({ url }) => {
  type Loki = new (options: unknown) => TransportStream & { readonly batcher: { close(): Promise<void> } };
  const { module: LokiTransport, importMs } = timedRequire<Loki>('winston-loki');
  const transport = new LokiTransport({
    host: url,
    interval: LINGER_MS / 1000,
    labels: { app: 'bench' },
    gracefulShutdown: false,
  });
  return { transport, importMs, end: () => transport.batcher.close() };
};

const logtail: Make = ({ url, room }) => {
  interface Logtail {
    flush(): Promise<unknown>;
  }
  const started = performance.now();
  const { Logtail } = require('@logtail/node') as { Logtail: new (token: string, options: unknown) => Logtail };
  const { LogtailTransport } = require('@logtail/winston') as {
    LogtailTransport: new (to: Logtail) => TransportStream;
  };
  const importMs = performance.now() - started;
  const limits = room === null ? {} : { burstProtectionMax: 0, syncQueuedMax: -1 };
  const client = new Logtail('bench', { endpoint: `${url}/logtail`, batchInterval: LINGER_MS, ...limits });
  return { transport: new LogtailTransport(client), importMs, end: () => client.flush() };
};

const axiom: Make = ({ url, untilQuiet }) => {
  type Axiom = new (options: unknown) => TransportStream & { flush(done: () => void): void };
  const { module, importMs } = timedRequire<{ WinstonTransport: Axiom }>('@axiomhq/winston');
  const transport = new module.WinstonTransport({ dataset: 'bench', token: 'xaat-bench', url });
  const end = async () => {
    await new Promise<void>((resolve) => transport.flush(resolve));
    await untilQuiet(QUIET_MS);
  };
  return { transport, importMs, end };
};

const elasticsearch: Make = ({ url, untilQuiet }) => {
  type Elasticsearch = new (options: unknown) => TransportStream & { flush(): Promise<void> };
  const { module, importMs } = timedRequire<{ ElasticsearchTransport: Elasticsearch }>('winston-elasticsearch');
  const transport = new module.ElasticsearchTransport({
    level: 'info',
    index: 'bench',
    flushInterval: LINGER_MS,
    clientOpts: { node: url },
    internalLogger: () => {},
  });
  const end = async () => {
    await transport.flush();
    await untilQuiet(QUIET_MS);
  };
  return { transport, importMs, end };
};

const openTelemetry: Make = ({ url, room }) => {
  const started = performance.now();
  const { logs } = require('@opentelemetry/api-logs') as typeof import('@opentelemetry/api-logs');
  const sdk = require('@opentelemetry/sdk-logs') as typeof import('@opentelemetry/sdk-logs');
  const otlp =
    require('@opentelemetry/exporter-logs-otlp-proto') as typeof import('@opentelemetry/exporter-logs-otlp-proto');
  const adapter = require('@opentelemetry/winston-transport') as typeof import('@opentelemetry/winston-transport');
  const importMs = performance.now() - started;
  const exporter = new otlp.OTLPLogExporter({ url: `${url}/v1/logs` });
  const limits = room === null ? {} : { maxQueueSize: room.records };
  const processor = new sdk.BatchLogRecordProcessor({ exporter, scheduledDelayMillis: LINGER_MS, ...limits });
  const provider = new sdk.LoggerProvider({ processors: [processor] });
  logs.setGlobalLoggerProvider(provider);
  return { transport: new adapter.OpenTelemetryTransportV3(), importMs, end: () => provider.shutdown() };
};

function winstonContender(
  name: string,
  kind: Contender['kind'],
  make: Make,
  isInSmoke = false,
  isThreaded = false,
): Contender {
  return { name, logger: 'winston', kind, isInSmoke, isThreaded, start: async (place) => start(make(place)) };
}

export const WINSTON_CONTENDERS: readonly Contender[] = [
  winstonContender('floor-null', 'floor', floor, true),
  winstonContender('putlogs worker', 'ours', ours(true), true, true),
  winstonContender('putlogs in-process', 'ours', ours(false), true),
  winstonContender('winston-loki', 'peer', loki, true),
  winstonContender('@logtail/winston', 'peer', logtail),
  winstonContender('@axiomhq/winston', 'peer', axiom),
  winstonContender('winston-elasticsearch', 'peer', elasticsearch),
  winstonContender('@opentelemetry/winston-transport', 'peer', openTelemetry),
];

function start({ transport, importMs, end }: Made): Started {
  const { createLogger } = require('winston') as typeof import('winston');
  const logger = createLogger({ transports: [transport] });
  // An error of a transport must not end the run. The sink counts the records that it loses.
  logger.on('error', () => {});
  return {
    importMs,
    // A copy, because winston writes the level and the message into its argument, and some transports write more.
    log: ({ level, fields, message }) => void logger.log(level, message, { ...fields }),
    end: async () => {
      if (end !== undefined) {
        await end();
        return;
      }
      const finished = once(logger, 'finish');
      logger.end();
      await finished;
    },
  };
}
