// Logs the corpus by pino, as the plan says. The ES module application.

// Logs the corpus by pino, as the plan says. The ES module application.
import transport, { transport as named } from '@putlogs/pino';
import { pino } from 'pino';
import { corpusRecord } from '../../support/corpus.js';
import { endAs, readPlan } from '../../support/plan.js';

const { instance, count, startMs, end, thread, options } = readPlan();
if (named !== transport) throw new Error('the default export is not the named one');
const own = { instance, ...options };
const destination = thread === 'own' ? await transport(own) : pino.transport({ target: '@putlogs/pino', options: own });
let timeMs = startMs;
const logger = pino({ base: { instance }, level: 'trace', timestamp: () => `,"time":${timeMs}` }, destination);
for (let n = 0; n < count; n++) {
  const record = corpusRecord(n, startMs);
  timeMs = record.timeMs;
  logger[record.level]({ n, ...record.fields }, record.message);
}
endAs(end);
