// Logs by winston: batching in a worker, or in the application's own thread.
import { PutlogsTransport } from '@putlogs/winston';
import { createLogger } from 'winston';
import { endAs, readPlan } from './plan';

const { instance, count, end, shape } = readPlan();
const logger = createLogger({
  defaultMeta: { instance },
  transports: [new PutlogsTransport({ instance, worker: shape === 'worker' })],
});
for (let n = 0; n < count; n += 1) logger.info('a record', { n });
endAs(end);
