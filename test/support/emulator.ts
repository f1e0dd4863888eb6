// An emulator in the test's own process, the options and variables that lead a transport to it, and waits for its
// logs.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { environmentName } from '@putlogs/core/internal/options/leaves';
import { createEmulator } from '@putlogs/emulator';
import { target as defaultTarget, type TargetUnderTest } from './targets';

export type Emulator = Awaited<ReturnType<typeof createEmulator>>;
export type EmulatorOptions = NonNullable<Parameters<typeof createEmulator>[0]>;
export type EmulatorLog = ReturnType<Emulator['logs']>[number];

export { OTHER_TOPIC_ID, REGION, TOPIC_ID } from './targets';

const POLL_MS = 5;

/**
 * It has a free port unless the options name one. Close it when done: `after(() => emulator.close())`. Its logs have
 * their time in milliseconds, whatever the service counts in; where it keeps none, the one that the record says of
 * itself.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await createEmulator({ port: 0, ...options });
  const all = readerOf(emulator);
  return { ...emulator, logs: (query) => (query === undefined ? all() : emulator.logs(query).map(inMilliseconds)) };
}

/** The same for one test, or for the whole file if it is called outside of tests. The emulator is closed after it. */
export async function emulatorForTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  after(() => emulator.close());
  return emulator;
}

/**
 * Returns what reads all logs. The emulator decodes its logs anew for each call, and tests wait for a number of them by
 * asking every few milliseconds, so each log is decoded once here.
 */
function readerOf(emulator: Emulator): () => EmulatorLog[] {
  let read: EmulatorLog[] = [];
  return () => {
    const last = read.at(-1);
    const since = last === undefined ? [] : emulator.logs({ after: last.sequence - 1 });
    // After a reset another log has that number, or none.
    if (last === undefined || since[0]?.requestId !== last.requestId) read = emulator.logs().map(inMilliseconds);
    else for (let i = 1; i < since.length; i += 1) read.push(inMilliseconds(since[i]!));
    return read.slice();
  };
}

/** A log as read elsewhere than from `startEmulator`'s. */
export function inMilliseconds(log: EmulatorLog): EmulatorLog {
  const own = log.service === 'sls' ? log.time * 1000 + Math.floor((log.timeNs ?? 0) / 1e6) : log.time;
  const timeNs = log.service === 'sls' && log.timeNs !== null ? log.timeNs % 1e6 : log.timeNs;
  const said = timeNs === null ? log.contents.find(({ key }) => key === 'time') : undefined;
  if (said === undefined) return { ...log, time: own, timeNs };
  const contents = log.contents.filter((content) => content !== said);
  return { ...log, time: Date.parse(said.value), timeNs: Number(said.value.slice(-7, -1)), contents };
}

/** Where a service is, and who may write to it. */
type Address = Pick<Emulator, 'url' | 'accessKeyId' | 'accessKeySecret'>;

/** At an address that is no emulator's. */
export function addressOf(url: string): Address {
  return { url, accessKeyId: 'demo', accessKeySecret: 'demo-secret' };
}

/** Core options that lead to the emulator, short enough in their times for a test. */
export function optionsFor(emulator: Address, target: TargetUnderTest = defaultTarget) {
  const { accessKeyId, accessKeySecret } = emulator;
  return {
    target: target.name,
    endpoint: emulator.url,
    ...target.place,
    ...(target.isSigned ? { credentials: { accessKeyId, accessKeySecret } } : {}),
    lingerMs: 50,
    retry: { baseMs: 20, maxMs: 200 },
  };
}

/** The same for a child process, as environment variables. */
export function environmentFor(
  emulator: Address,
  extra: Record<string, string> = {},
  target: TargetUnderTest = defaultTarget,
): Record<string, string> {
  const place = Object.entries(target.place).map(([name, value]) => [environmentName(name), value]);
  return {
    PUTLOGS_TARGET: target.name,
    PUTLOGS_ENDPOINT: emulator.url,
    ...Object.fromEntries(place),
    PUTLOGS_LINGER_MS: '50',
    PUTLOGS_RETRY_BASE_MS: '20',
    PUTLOGS_RETRY_MAX_MS: '200',
    [target.keyVariables.id]: emulator.accessKeyId,
    [target.keyVariables.secret]: emulator.accessKeySecret,
    ...extra,
  };
}

/** A log's contents as one object. */
export function contentsOf(log: Pick<EmulatorLog, 'contents'>): Record<string, string> {
  return Object.fromEntries(log.contents.map(({ key, value }) => [key, value]));
}

/** Waits until `met` holds; fails with `what` when that takes longer than `timeoutMs`. */
export async function until(what: string, met: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await met())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await pause(POLL_MS);
  }
}

/** A port of this machine without a listener. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
