// Asks for an exit code in a way that needs a message of pino's worker at the end of the process.
import { failOnLoss } from '@putlogs/pino';
import pino from 'pino';

const logger = pino({ transport: { target: '@putlogs/pino' } });
try {
  failOnLoss(logger);
} catch ({ code, message }) {
  process.stdout.write(`${code} ${message}\n`);
}
