// Services of the frameworks that people log from, each asked once over HTTP. They are installed in pnpm's strict
// layout, where a package finds only what it names itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshApplication } from './application';
import { nodesFrom } from './nodes';
import { shipQuietly } from './ship';

test('Fastify ships by its logger option', async () => {
  const application = await freshApplication({
    manager: 'pnpm',
    dependencies: ['fastify', '@putlogs/pino'],
    files: 'fastify',
  });
  for (const node of nodesFrom(20)) {
    const messages = await shipQuietly(application, 'main.mjs', { node });
    assert.match(messages[0]!, /^Server listening at /);
    assert.deepEqual(messages.slice(1), ['incoming request', 'order 17', 'request completed']);
  }
});

test('Express ships by pino-http', async () => {
  const application = await freshApplication({
    manager: 'pnpm',
    dependencies: ['express', 'pino', 'pino-http', '@putlogs/pino'],
    files: 'express',
  });
  for (const node of nodesFrom(20)) {
    assert.deepEqual(await shipQuietly(application, 'main.cjs', { node }), ['order 17', 'request completed']);
  }
});
