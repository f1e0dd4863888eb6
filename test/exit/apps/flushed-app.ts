// Logs one record, waits until it is delivered, and ends: by itself, or by process.exit.
import { createShipper, createWorkerShipper } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import pino from 'pino';
import { createLogger } from 'winston';

const [transport, end] = process.argv.slice(2);

function logged(): Promise<unknown> {
  if (transport === 'pino') {
    const logger = pino({ transport: { target: '@putlogs/pino' } });
    logger.info('a record');
    return new Promise((resolve) => logger.flush(resolve));
  }
  if (transport?.startsWith('winston')) {
    const winston = new PutlogsTransport({ worker: transport === 'winston in a worker' });
    createLogger({ transports: [winston] }).info('a record');
    return winston.flush();
  }
  const shipper = transport === 'the core in a worker' ? createWorkerShipper() : createShipper();
  shipper.write('{"msg":"a record"}');
  return shipper.flush();
}

void logged().then(() => {
  process.stdout.write('flushed\n');
  if (end === 'exit') process.exit();
});
