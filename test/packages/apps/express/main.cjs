// An Express service that logs by pino-http, is asked once, and closes.
const express = require('express');
const { pinoHttp } = require('pino-http');

const app = express();
// Exported, so that its logger stays: see docs/install.md.
exports.app = app;
app.use(pinoHttp({ transport: { target: '@putlogs/pino' } }));
app.get('/orders/:id', (request, response) => {
  request.log.info(`order ${request.params.id}`);
  response.end('accepted');
});
const server = app.listen(0, '127.0.0.1', async () => {
  await (await fetch(`http://127.0.0.1:${server.address().port}/orders/17`)).text();
  server.close();
});
