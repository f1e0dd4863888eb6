// The face of @putlogs/emulator. Takes: options. Gives: a running emulator and the types a program needs.
// Keeps: nothing. Never: listens beyond the host it was told.
import { EmulatorError } from './errors.js';
import type { FaultRule } from './fault-rule.js';
import type { FaultReport } from './faults.js';
import type { LogEntry } from './ledger.js';
import { type EmulatorOptions, resolveOptions } from './options.js';
import { startServer } from './server.js';
import { type EmulatorStats, type LogsQuery, Service } from './service.js';
import type { TemporaryKey } from './temporary-keys.js';

export { EmulatorError, type EmulatorErrorCode } from './errors.js';
export type { FaultMatch, FaultRule } from './fault-rule.js';
export type { FaultReport } from './faults.js';
export type { LogEntry, ServiceName } from './ledger.js';
export type { KeyValue } from './log-group.js';
export type { EmulatorOptions } from './options.js';
export type { EmulatorStats, LogsQuery } from './service.js';
export type { ShardRange } from './shards.js';
export type { TemporaryKey } from './temporary-keys.js';

/** A running emulator. */
export interface Emulator {
  /** `http://host:port`, without a slash at its end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** What it has seen since the start or the last reset. */
  stats(): EmulatorStats;
  /** The kept logs, in the order of arrival. They are decoded anew on each call: read a big ledger in pages. */
  logs(query?: LogsQuery): LogEntry[];
  /**
   * Puts a fault script in the place of the one so far; `[]` ends all faults. Without an argument nothing changes.
   * Gives the script and how often each rule matched and fired.
   * Throws `ERR_EMULATOR_FAULT_RULE` for a wrong rule, and then the script so far stays.
   */
  faults(rules?: readonly FaultRule[]): FaultReport[];
  /**
   * Puts other keys beside the one in the options, each with a token and a time at which it expires; `[]` ends them all.
   * Throws `ERR_EMULATOR_OPTIONS` for a wrong one, and then those so far stay.
   */
  temporaryKeys(keys: readonly TemporaryKey[]): void;
  /** Forgets every log, every topic that was not listed and the statistics. The fault script and the temporary keys stay. */
  reset(): void;
  /** Stops: open connections are cut, answers held back are dropped. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts an emulator.
 * Throws `ERR_EMULATOR_OPTIONS`, `ERR_EMULATOR_PORT_IN_USE` or `ERR_EMULATOR_LISTEN` (see EmulatorErrorCode).
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const resolved = resolveOptions(options);
  if (typeof resolved === 'string') throw new EmulatorError('ERR_EMULATOR_OPTIONS', resolved);
  const { host, accessKeyId, accessKeySecret, clock } = resolved;
  const service = new Service(resolved);
  const server = await startServer(service, host, resolved.port, clock).catch((cause: unknown) => {
    throw listenError(cause, host, resolved.port);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    host,
    port: server.port,
    accessKeyId,
    accessKeySecret,
    stats: () => service.stats(),
    logs: (query = {}) => service.logs(query),
    faults: (rules) => {
      const problem = rules === undefined ? null : service.replaceFaults(rules);
      if (problem !== null) throw new EmulatorError('ERR_EMULATOR_FAULT_RULE', problem);
      return service.faults.report();
    },
    temporaryKeys: (keys) => {
      const problem = service.temporaryKeys.replace(keys);
      if (problem !== null) throw new EmulatorError('ERR_EMULATOR_OPTIONS', problem);
    },
    reset: () => service.reset(),
    close: () => server.close(),
  };
}

function listenError(cause: unknown, host: string, port: number): EmulatorError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return reason === 'EADDRINUSE'
    ? new EmulatorError('ERR_EMULATOR_PORT_IN_USE', `port ${port} of ${host} is in use`, { cause })
    : new EmulatorError('ERR_EMULATOR_LISTEN', `cannot listen on ${host}:${port} (${reason})`, { cause });
}
