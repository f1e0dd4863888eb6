// Logs the corpus by pino, as the plan says. The CommonJS application.
import { transport } from '@putlogs/pino';
import pino from 'pino';
import { corpusRecord } from '../../support/corpus';
import { endAs, readPlan } from '../../support/plan';

async function main(): Promise<void> {
  const { instance, count, startMs, end, thread, options } = readPlan();
  const own = { instance, ...options };
  const destination =
    thread === 'own' ? await transport(own) : pino.transport({ target: '@putlogs/pino', options: own });
  let timeMs = startMs;
  const logger = pino({ base: { instance }, level: 'trace', timestamp: () => `,"time":${timeMs}` }, destination);
  for (let n = 0; n < count; n++) {
    const record = corpusRecord(n, startMs);
    timeMs = record.timeMs;
    logger[record.level]({ n, ...record.fields }, record.message);
  }
  endAs(end);
}

// Without a promise in between: an error thrown at the end is uncaught, not an unhandled rejection.
main().catch((error) =>
  process.nextTick(() => {
    throw error;
  }),
);
