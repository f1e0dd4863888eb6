// Logs in every way there is, from a CommonJS application, and ends by itself.
const { createWorkerShipper, createShipper } = require('@putlogs/core');
const { transport } = require('@putlogs/pino');
const { PutlogsTransport } = require('@putlogs/winston');
const pino = require('pino');
const winston = require('winston');

const ownThread = transport().then((stream) => pino(stream));
ownThread.then((logger) => logger.info('pino, own thread'));
// Exported, so that it stays: see docs/install.md.
exports.logger = pino({ transport: { target: '@putlogs/pino' } });
exports.logger.info('pino, worker');

const winstonWith = (options) => winston.createLogger({ transports: [new PutlogsTransport(options)] });
winstonWith({ worker: false }).info('winston, own thread');
winstonWith({}).info('winston, worker');

createShipper().write('{"message":"core, own thread"}');
createWorkerShipper().write('{"message":"core, worker"}');
