// Takes: what the emulator takes. Gives: one running in the test's own process, the options and the environment
// that lead a transport to it, and waits for what it holds.
// Keeps: nothing beside the emulator. Never: an address outside the machine.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createEmulator } from '@putlogs/emulator';

export type Emulator = Awaited<ReturnType<typeof createEmulator>>;
export type EmulatorOptions = NonNullable<Parameters<typeof createEmulator>[0]>;
export type EmulatorLog = ReturnType<Emulator['logs']>[number];

export const REGION = 'cn-beijing';
export const TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000a';
export const OTHER_TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000b';

const POLL_MS = 5;

/** On a free port unless told otherwise. Close it when done: `after(() => emulator.close())`. */
export function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return createEmulator({ port: 0, ...options });
}

/** Core options that lead to the emulator, short enough in their times for a test. */
export function optionsFor(emulator: Emulator) {
  return {
    endpoint: emulator.url,
    region: REGION,
    topicId: TOPIC_ID,
    credentials: { accessKeyId: emulator.accessKeyId, accessKeySecret: emulator.accessKeySecret },
    lingerMs: 50,
    retry: { baseMs: 20, maxMs: 200 },
  };
}

/** The same for a child process, as environment variables. */
export function environmentFor(emulator: Emulator, extra: Record<string, string> = {}): Record<string, string> {
  return {
    PUTLOGS_ENDPOINT: emulator.url,
    PUTLOGS_REGION: REGION,
    PUTLOGS_TOPIC_ID: TOPIC_ID,
    PUTLOGS_LINGER_MS: '50',
    PUTLOGS_RETRY_BASE_MS: '20',
    PUTLOGS_RETRY_MAX_MS: '200',
    VOLCENGINE_ACCESS_KEY_ID: emulator.accessKeyId,
    VOLCENGINE_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    ...extra,
  };
}

/** A log's contents as one object. */
export function contentsOf(log: Pick<EmulatorLog, 'contents'>): Record<string, string> {
  return Object.fromEntries(log.contents.map(({ key, value }) => [key, value]));
}

/** Waits until `met` holds; fails with `what` when that takes longer than `timeoutMs`. */
export async function until(what: string, met: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!met()) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await pause(POLL_MS);
  }
}

/** A port of this machine that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
