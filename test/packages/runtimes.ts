// Runs an application on Bun or Deno, and compares what arrived with what it logged.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildOptions, type ChildResult, type StartedChild, startChild } from '../support/child';
import { type Emulator, environmentFor } from '../support/emulator';
import { assertLedger, type ExpectedRecord } from '../support/ledger';
import { type Application, newDirectory } from './application';
import { RUNTIMES, type RuntimeName } from './versions';

export const TRANSPORTS = [
  'core, worker',
  'core, own thread',
  'pino, worker',
  'pino, own thread',
  'winston, worker',
  'winston, own thread',
] as const;

export type Transport = (typeof TRANSPORTS)[number];

/** As the head of apps/runtimes/app.mjs says. */
export interface Plan {
  readonly transport: Transport;
  readonly instance?: string;
  readonly from?: number;
  readonly to?: number;
  readonly end: 'natural' | 'exit' | 'throw' | 'reject' | 'flush' | 'idle' | 'handler' | 'caught' | 'idle when spooled';
  readonly options?: Readonly<Record<string, unknown>>;
}

export const COUNT = 1000;
export const INSTANCE = 'one';
/** With which the application calls process.exit. */
export const EXIT_CODE = 42;

/** For `skip`: why a runtime is not here, or false if it is. */
export function runtimeIsMissing(name: RuntimeName): string | false {
  const binary = binaryOf(name);
  if (binary !== undefined && existsSync(binary)) return false;
  return `the registry has no ${name} ${RUNTIMES[name].version} for ${process.platform}-${process.arch}`;
}

/** Where scripts/nodes.mjs has put it. */
function binaryOf(name: RuntimeName): string | undefined {
  const { version, binary, packages } = RUNTIMES[name];
  const packageName = (packages as Readonly<Record<string, string>>)[`${process.platform}-${process.arch}`];
  const directory = join(process.env['TEST_NODES'] ?? '', `${name}-${version}`, 'node_modules');
  return packageName === undefined ? undefined : join(directory, packageName, binary);
}

let denoDirectory: string | undefined;

/** Starts a file of the application, or of its node_modules, as a user of the runtime does. */
export function startOn(
  name: RuntimeName,
  { directory }: Pick<Application, 'directory'>,
  [file, ...args]: readonly [string, ...string[]],
  { env, ...options }: ChildOptions,
): StartedChild {
  denoDirectory ??= newDirectory();
  // Deno compiles into its directory, and would ask for a newer version of itself.
  const own = { DENO_DIR: denoDirectory, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const start = name === 'deno' ? ['run', '--allow-all'] : [];
  return startChild('', {
    command: binaryOf(name)!,
    args: [...start, join(directory, file), ...args],
    cwd: directory,
    env: { ...own, ...env },
    ...options,
  });
}

/** Starts app.mjs with a service. */
export function start(
  name: RuntimeName,
  application: Application,
  emulator: Emulator,
  plan: Plan,
  { env, ...options }: ChildOptions = {},
): StartedChild {
  const whole = JSON.stringify({ instance: INSTANCE, to: COUNT, ...plan });
  return startOn(name, application, ['app.mjs', whole], { env: { ...environmentFor(emulator), ...env }, ...options });
}

/** Fails unless these records have arrived once, in order, unaltered, and no others. */
export function assertArrived(emulator: Emulator, transport: Transport, { from = 0, to = COUNT } = {}): void {
  assertLedger(new Map([[INSTANCE, recordsOf(transport, from, to)]]), emulator.logs());
}

function recordsOf(transport: Transport, from: number, to: number): ExpectedRecord[] {
  const fields: Record<string, string> = { instance: INSTANCE };
  if (!transport.startsWith('core')) fields['level'] = 'info';
  if (transport.startsWith('winston')) fields['message'] = 'a record';
  return Array.from({ length: to - from }, (_, i) => {
    return { n: from + i, contents: new Map(Object.entries({ ...fields, n: `${from + i}` })) };
  });
}

/** What the runtime cannot do for this transport, as the line that says so; undefined if there is nothing. */
export function gapOf(name: RuntimeName, transport: Transport): RegExp | undefined {
  if (name === 'deno') return transport === 'pino, worker' ? /^putlogs: this runtime ends at an uncaught/ : undefined;
  const isOurWorker = transport.endsWith('worker') && transport !== 'pino, worker';
  return isOurWorker ? /^putlogs: this runtime does not limit the memory of a worker/ : undefined;
}

/** Our lines on stderr, without the one of `gapOf`. A runtime prints an uncaught error itself. */
export function ours(name: RuntimeName, transport: Transport, { stderr }: ChildResult): string[] {
  const gap = gapOf(name, transport);
  return stderr.split('\n').filter((line) => line.startsWith('putlogs: ') && gap?.test(line) !== true);
}

/** The counters that app.mjs printed. */
export function countersIn({ stdout, stderr }: ChildResult): {
  delivered: number;
  accepted: number;
  dropped: { worker: number };
} {
  const [, json] = /^flushed (.*)$/m.exec(stdout) ?? [];
  assert.ok(json, stdout + stderr);
  return JSON.parse(json);
}
