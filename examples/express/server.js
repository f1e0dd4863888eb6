// An Express server with its request logs by winston.

import { PutlogsTransport } from '@putlogs/winston';
import express from 'express';
import winston from 'winston';

const logger = winston.createLogger({ transports: [new PutlogsTransport()] });

const app = express();
app.use((request, response, next) => {
  const startMs = performance.now();
  response.on('finish', () => {
    const { method, originalUrl: url } = request;
    logger.info('request completed', { method, url, status: response.statusCode, tookMs: performance.now() - startMs });
  });
  next();
});
app.get('/orders/:order', (request, response) => {
  logger.info('order read', { order: request.params.order });
  response.json({ order: request.params.order });
});

const server = app.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () => {
  process.stdout.write(`listening on port ${server.address().port}\n`);
});

// The requests that have begun are answered, then what was logged is delivered: the exit waits for it, for up to
// closeTimeoutMs.
process.once('SIGTERM', () => server.close(() => process.exit(0)));
