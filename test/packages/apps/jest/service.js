// A service that logs, as a suite finds it: its loggers are made where it is loaded, and nobody closes them.
const { PutlogsTransport } = require('@putlogs/winston');
const pino = require('pino');
const winston = require('winston');

const transport = new PutlogsTransport({ worker: process.env.THREAD !== 'own' });
const winstonLogger = winston.createLogger({ transports: [transport] });
// pino's own stream in front of its worker uses the timers of the application.
const isPinoHere = process.env.THREAD === 'own' || process.env.FAKE !== undefined;
const ownThread = () => require('@putlogs/pino').transport();
const pinoLogger = isPinoHere
  ? ownThread().then((stream) => pino(stream))
  : Promise.resolve(pino({ transport: { target: '@putlogs/pino' } }));

exports.order = async (number) => {
  (await pinoLogger).info(`pino ${number}`);
  winstonLogger.info(`winston ${number}`);
};

exports.flush = async () => {
  const logger = await pinoLogger;
  await Promise.all([transport.flush(), new Promise((done) => logger.flush(done))]);
};
