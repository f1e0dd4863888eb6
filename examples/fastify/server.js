// A Fastify server with its request logs.

import Fastify from 'fastify';

// Fastify makes the pino logger itself; the transport runs in pino's worker thread.
const app = Fastify({ logger: { transport: { target: '@putlogs/pino' } } });

app.get('/orders/:order', (request) => {
  request.log.info({ order: request.params.order }, 'order read');
  return { order: request.params.order };
});

// The requests that have begun are answered, then what was logged is delivered: the exit waits for it, for up to
// closeTimeoutMs.
process.once('SIGTERM', async () => {
  await app.close();
  process.exit(0);
});

await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? '127.0.0.1' });
process.stdout.write(`listening on port ${app.server.address().port}\n`);
