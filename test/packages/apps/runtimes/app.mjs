// Logs numbered records by one transport, and ends as the plan says, which is its argument as JSON:
//
//   transport  a name of TRANSPORTS
//   instance   the name of the instance, and a field of each record
//   from, to   the numbers
//   end        a name of ENDS
//   options    of the transport
const { transport, instance, from = 0, to, end, options } = JSON.parse(process.argv[2]);
const given = { instance, ...options };

/** Each returns a function that logs a number, one that flushes, and one that reads the counters. */
const TRANSPORTS = {
  'core, worker': async () => ofShipper((await import('@putlogs/core')).createWorkerShipper(given)),
  'core, own thread': async () => ofShipper((await import('@putlogs/core')).createShipper(given)),
  'pino, worker': async () => {
    const { default: pino } = await import('pino');
    const { stats } = await import('@putlogs/pino');
    const destination = pino.transport({ target: '@putlogs/pino', options: given });
    return ofPino(pino({ base: { instance } }, destination), stats);
  },
  'pino, own thread': async () => {
    const { default: pino } = await import('pino');
    const { stats, transport: start } = await import('@putlogs/pino');
    return ofPino(pino({ base: { instance } }, await start(given)), stats);
  },
  'winston, worker': () => winston({}),
  'winston, own thread': () => winston({ worker: false }),
};

function ofShipper(shipper) {
  return {
    log: (n) => shipper.write(JSON.stringify({ instance, n })),
    flush: () => shipper.flush(),
    stats: () => shipper.stats(),
  };
}

function ofPino(logger, stats) {
  return {
    log: (n) => logger.info({ n }),
    flush: () => new Promise((resolve) => logger.flush(resolve)),
    stats: () => stats(logger),
  };
}

async function winston(thread) {
  const { createLogger } = (await import('winston')).default;
  const { PutlogsTransport } = await import('@putlogs/winston');
  const own = new PutlogsTransport({ ...given, ...thread });
  const logger = createLogger({ defaultMeta: { instance }, transports: [own] });
  return { log: (n) => logger.info('a record', { n }), flush: () => own.flush(), stats: () => own.stats() };
}

const ENDS = {
  /** It has nothing left to do. */
  natural: () => {},
  exit: () => process.exit(42),
  throw: () => {
    // Outside of the promises of this module, so that it is an error and no rejection.
    setImmediate(() => {
      throw new Error('not caught');
    });
  },
  reject: () => void Promise.reject(new Error('not caught')),
  /** The handler that the warning asks for. */
  caught: () => {
    process.once('uncaughtException', () => process.exit(42));
    ENDS.throw();
  },
  flush: async () => {
    await transportInUse.flush();
    say('flushed', await transportInUse.stats());
    process.exit(42);
  },
  /** It goes on until it gets a signal. */
  idle: () => {
    setInterval(() => {}, 60_000);
    say('ready');
  },
  /** The same, with a handler of SIGTERM as an application may have it. */
  handler: () => {
    process.once('SIGTERM', () => process.exit(42));
    ENDS.idle();
  },
  /** The same, when every record is on disk. */
  'idle when spooled': async () => {
    setInterval(() => {}, 60_000);
    while ((await transportInUse.stats()).spooled < to - from) await new Promise((resolve) => setTimeout(resolve, 20));
    say('ready');
  },
};

function say(what, stats) {
  process.stdout.write(`${stats === undefined ? what : `${what} ${JSON.stringify(stats)}`}\n`);
}

// Exported, so that it stays: see docs/install.md.
export const transportInUse = await TRANSPORTS[transport]();
for (let n = from; n < to; n += 1) transportInUse.log(n);
await ENDS[end]();
