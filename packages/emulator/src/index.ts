// The public interface of @putlogs/emulator: createEmulator and its types.

import { EmulatorError } from './errors.js';
import type { FaultRule } from './fault-rule.js';
import type { FaultReport } from './faults.js';
import type { LogEntry } from './ledger.js';
import { type EmulatorOptions, resolveOptions } from './options.js';
import { startServer } from './server.js';
import { type EmulatorStats, type LogsQuery, Service } from './service.js';
import type { TemporaryApiKey, TemporaryKey } from './temporary-keys.js';

export { EmulatorError, type EmulatorErrorCode } from './errors.js';
export type { FaultMatch, FaultRule } from './fault-rule.js';
export type { FaultReport } from './faults.js';
export type { LogEntry, ServiceName } from './ledger.js';
export type { KeyValue } from './log-group.js';
export type { EmulatorOptions } from './options.js';
export type { EmulatorStats, LogsQuery } from './service.js';
export type { ShardRange } from './shards.js';
export type { TemporaryApiKey, TemporaryKey } from './temporary-keys.js';

/** A running emulator. */
export interface Emulator {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Statistics since the start or the last reset. */
  stats(): EmulatorStats;
  /** The logs in order of arrival. They are decoded on each call, so read a large ledger in pages. */
  logs(query?: LogsQuery): LogEntry[];
  /**
   * Replaces the fault script; `[]` ends all faults. Without an argument nothing changes.
   * Returns the script, and how often each rule matched and fired.
   * Throws `ERR_EMULATOR_FAULT_RULE` if a rule is invalid; the script stays as it was.
   */
  faults(rules?: readonly FaultRule[]): FaultReport[];
  /**
   * Replaces the temporary keys and API keys, which are valid beside those in the options; `[]` removes all of them.
   * Throws `ERR_EMULATOR_OPTIONS` if a key is invalid; the keys stay as they were.
   */
  temporaryKeys(keys: readonly (TemporaryKey | TemporaryApiKey)[]): void;
  /**
   * Removes all logs, all stores that the options do not list, and the statistics. The fault script and the temporary
   * keys stay.
   */
  reset(): void;
  /** Stops the emulator. Open connections are closed, and delayed answers are dropped. May be called again. */
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
