// The server: it renders what `vite build` has built, or with --dev the sources themselves.

import { createServer } from 'node:http';

const isDev = process.argv.includes('--dev');
const vite =
  isDev && (await (await import('vite')).createServer({ server: { middlewareMode: true }, appType: 'custom' }));
const load = () => (isDev ? vite.ssrLoadModule('/src/entry-server.js') : import('./dist/server/entry-server.js'));
await load();

const server = createServer(async (request, response) => {
  const { render } = await load();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(render(request.url)));
});
server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () =>
  process.stdout.write(`listening on port ${server.address().port}\n`),
);

// Vite has a listener on SIGTERM of its own in development. This one ends the process, and the exit waits for what was
// logged, for up to closeTimeoutMs.
process.once('SIGTERM', () => server.close(() => process.exit(0)));
