// A service whose suite does not wait for its logs: some are logged, and most are sent, after the end of the suite.
//
// WAY is its logger. LATE has the texts that it logs after the end of the suite, in turn, each when the one before is
// safe or lost. It keeps the process alive until then, as a timer of a service does.
const { PutlogsTransport } = require('@putlogs/winston');
const { transport: pinoTransport } = require('@putlogs/pino');
const { createShipper, createWorkerShipper } = require('@putlogs/core');
const pino = require('pino');
const winston = require('winston');

const { WAY, LATE = '' } = process.env;

async function start() {
  switch (WAY) {
    case 'core':
    case 'core in one thread': {
      const shipper = WAY === 'core' ? createWorkerShipper() : createShipper();
      return { log: (text) => shipper.write(JSON.stringify({ text })), stats: () => shipper.stats() };
    }
    case 'winston':
    case 'winston in one thread': {
      const transport = new PutlogsTransport({ worker: WAY === 'winston' });
      const logger = winston.createLogger({ transports: [transport] });
      const log = (text) => {
        if (text !== 'remove') logger.info({ message: 'from winston', text });
        else {
          logger.remove(transport);
          setTimeout(() => logger.add(transport), 500);
        }
      };
      return { log, stats: () => transport.stats() };
    }
    default: {
      const stream = await pinoTransport();
      const logger = pino(stream);
      return { log: (text) => logger.info({ text }), stats: () => stream.stats() };
    }
  }
}

exports.start = async () => {
  const { log, stats } = await start();
  const texts = LATE.split(',').filter((text) => text !== '');
  const isDone = () => stats().pending + stats().spooled === 0;
  return {
    log,
    /** Called in the last test of the suite. */
    goOnAfterTheEnd() {
      let turns = 0;
      const timer = setInterval(() => {
        turns += 1;
        // The suite has ended by then: `late` says so.
        if (turns % 20 !== 0 || !isDone()) return;
        if (texts.length > 0) return log(texts.shift());
        clearInterval(timer);
        process.stderr.write(`done ${JSON.stringify(stats())}\n`);
      }, 50);
    },
  };
};
