// Logs the corpus by winston, as the plan says. The ES module application.

// Logs the corpus by winston, as the plan says. The ES module application.
import Default, { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { corpusRecord } from '../../support/corpus.js';
import { endAs, readPlan } from '../../support/plan.js';

const { instance, count, startMs, end, thread, options } = readPlan();
if (Default !== PutlogsTransport) throw new Error('the default export is not the named one');
const logger = winston.createLogger({
  level: 'silly',
  defaultMeta: { instance },
  transports: [new PutlogsTransport({ instance, worker: thread === 'worker', ...options })],
});
for (let n = 0; n < count; n++) {
  const { level, message, fields, timeMs } = corpusRecord(n, startMs);
  logger.log({ level, message, timestamp: timeMs, n, ...fields });
}
if (end === 'close') logger.close();
endAs(end);
