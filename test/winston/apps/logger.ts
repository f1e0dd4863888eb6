// Logs the corpus by winston, as the plan says. The CommonJS application.
import { PutlogsTransport } from '@putlogs/winston';
import { createLogger } from 'winston';
import { corpusRecord } from '../../support/corpus';
import { endAs, readPlan } from '../../support/plan';

const { instance, count, startMs, end, thread, options } = readPlan();
const logger = createLogger({
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
