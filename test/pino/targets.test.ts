// putlogs beside other targets of one pino logger.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import pino from 'pino';
import {
  contentsOf,
  type Emulator,
  OTHER_TOPIC_ID,
  optionsFor,
  startEmulator,
  TOPIC_ID,
  until,
} from '../support/emulator';
import { ended, startPino } from '../support/pino-destination';

let emulator: Emulator;
let directory: string;
before(async () => {
  emulator = await startEmulator();
  directory = await mkdtemp(join(tmpdir(), 'putlogs-targets-'));
});
after(async () => {
  await emulator.close();
  await rm(directory, { recursive: true });
});

const MESSAGES = Array.from({ length: 50 }, (_, n) => `message ${n}`);

it('two targets write to two topics, each with its own level', async () => {
  const options = optionsFor(emulator);
  const destination = startPino({
    targets: [
      { target: '@putlogs/pino', level: 'info', options: { ...options, topicId: TOPIC_ID } },
      { target: '@putlogs/pino', level: 'error', options: { ...options, topicId: OTHER_TOPIC_ID } },
    ],
  });
  const logger = pino(destination);
  for (const message of MESSAGES) logger.info(message);
  logger.error('failed');
  await arrived(MESSAGES.length + 2);
  assert.deepEqual(messagesIn(TOPIC_ID), [...MESSAGES, 'failed']);
  assert.deepEqual(messagesIn(OTHER_TOPIC_ID), ['failed']);
  await ended(destination);
});

it('a file beside it gets the same records', async () => {
  const topicId = crypto.randomUUID();
  emulator.reset();
  const file = join(directory, 'app.log');
  const destination = startPino({
    targets: [
      { target: 'pino/file', options: { destination: file } },
      { target: '@putlogs/pino', options: { ...optionsFor(emulator), topicId } },
    ],
  });
  const logger = pino(destination);
  for (const message of MESSAGES) logger.info(message);
  await arrived(MESSAGES.length);
  await ended(destination);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    MESSAGES,
  );
  assert.deepEqual(messagesIn(topicId), MESSAGES);
});

function messagesIn(topicId: string): (string | undefined)[] {
  return emulator
    .logs()
    .filter((log) => log.topicId === topicId)
    .map((log) => contentsOf(log)['msg']);
}

async function arrived(count: number): Promise<void> {
  await until('all arrived', () => emulator.stats().logs >= count);
}
