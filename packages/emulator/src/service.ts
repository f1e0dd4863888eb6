// Dispatches requests to the services, and has the ledger, the fault script and the statistics.
//
// server.ts has the sockets.

import type { Answer } from './answer.js';
import { checkRules } from './fault-rule.js';
import { FaultScript } from './faults.js';
import { Ledger, type LogEntry, type Origin } from './ledger.js';
import type { ResolvedOptions } from './options.js';
import { type ShardRange, Shards } from './shards.js';
import { slsOwnIndex } from './sls/indexes.js';
import { SlsService } from './sls/service.js';
import { TemporaryKeys } from './temporary-keys.js';
import type { Vendor } from './vendor.js';
import { tlsOwnIndex } from './volc/indexes.js';
import { TlsService } from './volc/service.js';

/** Statistics since the start or the last reset. */
export interface EmulatorStats {
  /**
   * Requests to the APIs of the services, also those refused and swallowed. Requests to the control API are not
   * counted.
   */
  readonly requests: number;
  /** Logs in the ledger. */
  readonly logs: number;
  /** Bytes of accepted bodies before compression. */
  readonly rawBytes: number;
  /** Bytes of accepted bodies as sent. */
  readonly wireBytes: number;
  /** Answers with an error, by error code. Scripted answers are included. */
  readonly rejected: Readonly<Record<string, number>>;
  /** The range of hash keys and the number of logs of each shard, for all topics and Logstores together. */
  readonly shards: readonly (ShardRange & { readonly logs: number })[];
}

/** Which logs to return. */
export interface LogsQuery {
  /** Only logs with a greater sequence number. Default 0. */
  readonly after?: number;
  /** Maximum number of logs. Default: all. */
  readonly limit?: number;
  /** Only logs of this TLS topic. */
  readonly topicId?: string;
  /** Only logs of this project. */
  readonly project?: string;
  /** Only logs of this SLS Logstore. */
  readonly logstore?: string;
}

export class Service {
  readonly faults = new FaultScript();
  readonly temporaryKeys = new TemporaryKeys();
  readonly #ledger: Ledger;
  readonly #vendors: readonly Vendor[];
  readonly #ranges: readonly ShardRange[];
  #requests = 0;
  #rejected = new Map<string, number>();

  constructor(options: ResolvedOptions) {
    const { shards: shardCount, topics, logstores, index, clock } = options;
    const ownIndexes = { tls: tlsOwnIndex, sls: slsOwnIndex };
    this.#ledger = new Ledger({
      shardCount,
      listed: { tls: topics, sls: logstores },
      firstIndex: (service, nowMs) => (index === 'all' ? ownIndexes[service](nowMs) : null),
      clock,
    });
    // The first service that owns a path answers. The last one owns all paths.
    this.#vendors = [
      new SlsService(options, this.#ledger, this.temporaryKeys),
      new TlsService(options, this.#ledger, this.temporaryKeys),
    ];
    this.#ranges = new Shards(options.shards).ranges;
  }

  vendorOf(path: string): Vendor {
    return this.#vendors.find((vendor) => vendor.owns(path))!;
  }

  /** The maximum of all services, before compression. */
  get largestBodyBytes(): number {
    return Math.max(...this.#vendors.map(({ largestBodyBytes }) => largestBodyBytes));
  }

  countRequest(): void {
    this.#requests++;
  }

  countAnswer({ code }: Answer): void {
    if (code !== undefined) this.#rejected.set(code, (this.#rejected.get(code) ?? 0) + 1);
  }

  stats(): EmulatorStats {
    const { logsByShard, ...totals } = this.#ledger.totals();
    return {
      requests: this.#requests,
      ...totals,
      rejected: Object.fromEntries(this.#rejected),
      shards: this.#ranges.map((range) => ({ ...range, logs: logsByShard[range.shard]! })),
    };
  }

  logs({ after = 0, limit = Number.POSITIVE_INFINITY, ...where }: LogsQuery): LogEntry[] {
    const logs: LogEntry[] = [];
    if (limit <= 0) return logs;
    const wanted = Object.entries(where) as [keyof typeof where, string | undefined][];
    const from = (origin: Origin): boolean =>
      wanted.every(([name, value]) => value === undefined || origin[name] === value);
    for (const log of this.#ledger.entries(after, from)) {
      logs.push(log);
      if (logs.length >= limit) break;
    }
    return logs;
  }

  /** Returns `null`, or what is wrong with the script. An invalid script is not used. */
  replaceFaults(script: unknown): string | null {
    const rules = checkRules(script);
    if (typeof rules === 'string') return rules;
    this.faults.replace(rules);
    return null;
  }

  reset(): void {
    this.#ledger.reset();
    for (const vendor of this.#vendors) vendor.reset();
    this.#requests = 0;
    this.#rejected = new Map();
  }
}
