// An application that logs by pino: `node pino-application.js <records> <time of the first>`.
//
// Where its records go is in the environment alone: PUTLOGS_TARGET, PUTLOGS_ENDPOINT, PUTLOGS_INSTANCE; the place, as
// PUTLOGS_REGION and PUTLOGS_TOPIC_ID or PUTLOGS_PROJECT and PUTLOGS_LOGSTORE; and the key, by the vendor's names.
//
// Takes: the two arguments, the environment. Gives: the records. Keeps: the loggers. Never: waits for the service, or
// ends by hand: what is still on its way when the last line has run is delivered before the process is gone.
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
