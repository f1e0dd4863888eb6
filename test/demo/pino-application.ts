// An application that logs by pino: `node pino-application.js <records> <time of the first>`.
//
// The destination is in the environment only: PUTLOGS_TARGET, PUTLOGS_ENDPOINT, PUTLOGS_INSTANCE; the place, as
// PUTLOGS_REGION and PUTLOGS_TOPIC_ID or PUTLOGS_PROJECT and PUTLOGS_LOGSTORE; and the key, by the vendor's names.
// The program does not wait for the service and does not end itself: pending records are delivered at its natural end.

import pino from 'pino';
import { traffic } from './traffic';

const [records, startMs] = process.argv.slice(2).map(Number) as [number, number];
let timeMs = startMs;

const logger = pino({
  level: 'debug',
  base: { instance: process.env['PUTLOGS_INSTANCE'] },
  // Leave this out in an application of your own. Here the time is one that can be checked afterwards.
  timestamp: () => `,"time":${timeMs}`,
  transport: { target: '@putlogs/pino' },
});

// A field of a child logger and of its record is twice in the line that pino writes; the last one counts.
const requestLogger = logger.child({ status: 'pending' });

async function main(): Promise<void> {
  for await (const burst of traffic(records, startMs)) {
    for (const { n, level, message, fields, ...record } of burst) {
      timeMs = record.timeMs;
      const speaker = 'status' in fields ? requestLogger : logger;
      speaker[level]({ n, ...fields }, message);
    }
  }
}

void main();
