// A Fastify service that logs by its own option, is asked once, and closes.
import { fastify } from 'fastify';

// Exported, so that its logger stays: see docs/install.md.
export const app = fastify({ logger: { transport: { target: '@putlogs/pino' } } });
app.get('/orders/:id', async (request) => {
  request.log.info(`order ${request.params.id}`);
  return 'accepted';
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
await (await fetch(`${address}/orders/17`)).text();
await app.close();
