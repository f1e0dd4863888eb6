// An application that logs by winston: `node winston-application.js <records> <time of the first> <endpoint>
// <instance> <target>`.
//
// The destination is in options only. The program does not wait for the service and does not end itself: pending
// records are delivered at its natural end.

import { PutlogsTransport } from '@putlogs/winston';
import { createLogger } from 'winston';
import { addressOf, optionsFor } from '../support/emulator';
import { targetNamed } from '../support/targets';
import { traffic } from './traffic';

const [records, startMs, endpoint, instance, target] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];

const logger = createLogger({
  level: 'debug',
  defaultMeta: { instance },
  transports: [
    new PutlogsTransport({
      // Target, endpoint, place and the emulator's key. A real key is better kept in the environment.
      ...optionsFor(addressOf(endpoint), targetNamed(target)),
      instance,
      // Sent after so long, or when a batch is full. The default is a second; this is for the eye.
      lingerMs: 200,
    }),
  ],
});

// A field of a record counts, not that of its child logger.
const requestLogger = logger.child({ status: 'pending' });

async function main(): Promise<void> {
  for await (const burst of traffic(Number(records), Number(startMs))) {
    // The time is one that can be checked afterwards; without `timestamp` it is that of the call.
    for (const { n, level, message, fields, timeMs: timestamp } of burst) {
      const speaker = 'status' in fields ? requestLogger : logger;
      speaker.log({ level, message, timestamp, n, ...fields });
    }
  }
}

void main();
