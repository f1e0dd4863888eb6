// An application that is given relative paths, and changes its directory right after the start. Then it uses each of
// the paths: it logs, has a record refused, loses its worker, and starts its transport again.
//
// Arguments: how it ships, and the other directory. It prints its counters.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createShipper, createWorkerShipper, type RecordSink, type Stats } from '@putlogs/core';
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';
import { until } from '../../support/emulator';

export type MovingWay =
  | 'one thread'
  | 'a worker'
  | 'a worker, started later'
  | 'a replaced worker'
  | 'winston, removed and added again';

const [, , way, elsewhere = ''] = process.argv as [string, string, MovingWay, string];

const statusDirectory = process.env['PUTLOGS_STATUS_DIR'] && join(process.cwd(), process.env['PUTLOGS_STATUS_DIR']);

/** It is written every second. */
async function statusWritten(): Promise<void> {
  if (statusDirectory) await until('the status file is there', () => existsSync(statusDirectory));
}

async function main(): Promise<void> {
  const { stats } = way.startsWith('winston') ? await byWinston() : await byCore();
  process.stdout.write(`${JSON.stringify(stats)}\n`);
}

async function byCore(): Promise<{ stats: Stats }> {
  if (way === 'a worker, started later') process.chdir(elsewhere);
  const shipper: RecordSink = way === 'one thread' ? createShipper() : createWorkerShipper();
  process.chdir(elsewhere);
  const write = (text: string) => shipper.write(JSON.stringify({ text }));
  if (way === 'a replaced worker') {
    write('fatal');
    // transform ends the worker with this record, which is lost with it.
    await until('the worker is gone', () => shipper.stats().dropped.worker === 1);
  }
  write('first');
  await shipper.flush();
  write('bad');
  await shipper.flush();
  await statusWritten();
  await shipper.close();
  return { stats: shipper.stats() };
}

async function byWinston(): Promise<{ stats: Stats }> {
  const ours = new PutlogsTransport({ worker: false });
  const logger = winston.createLogger({ transports: [ours] });
  process.chdir(elsewhere);
  logger.info({ message: 'winston', text: 'before' });
  await ours.flush();
  logger.remove(ours);
  // Only a sink that was closed is opened again.
  await until('the sink is closed', () => process.listenerCount('beforeExit') === 0);
  logger.add(ours);
  logger.info({ message: 'winston', text: 'first' });
  await ours.flush();
  logger.info({ message: 'winston', text: 'bad' });
  await ours.flush();
  await statusWritten();
  logger.end();
  await new Promise((resolve) => logger.once('finish', resolve));
  return { stats: ours.stats() };
}

void main();
