// A server that build.mjs makes into one executable file.
//
// A worker thread is started from a file, and there is none. So both transports ship from the application's thread:
// what was logged is delivered by `flush` before the exit, and not by the exit itself.

import { createServer } from 'node:http';
import { transport } from '@putlogs/pino';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import winston from 'winston';

// LZ4 is a native binding, which an executable cannot contain.
const options = { compression: 'zlib' };

async function main() {
  const pinoTransport = await transport(options);
  const winstonTransport = new PutlogsTransport({ ...options, worker: false });
  const pinoLogger = pino(pinoTransport);
  const winstonLogger = winston.createLogger({ transports: [winstonTransport] });

  const server = createServer((request, response) => {
    const order = request.url.split('/').at(-1);
    pinoLogger.info({ order }, 'order read');
    winstonLogger.info('order checked', { order });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ order }));
  });
  server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () =>
    process.stdout.write(`listening on port ${server.address().port}\n`),
  );

  process.once('SIGTERM', () =>
    server.close(async () => {
      await Promise.all([pinoTransport, winstonTransport].map((one) => one.flush({ timeoutMs: 8000 })));
      process.exit(0);
    }),
  );
}

main();
