// Takes: whole requests to any of the services. Gives: the service each belongs to, the statistics and the logs.
// Keeps: the ledger, the fault script and the counts. Never: touches a socket; see server.ts.
import type { Answer } from './answer.js';
import { checkRules } from './fault-rule.js';
import { FaultScript } from './faults.js';
import { Ledger, type LogEntry, type Origin } from './ledger.js';
import type { ResolvedOptions } from './options.js';
import { type ShardRange, Shards } from './shards.js';
import { SlsService } from './sls/service.js';
import { TemporaryKeys } from './temporary-keys.js';
import type { Vendor } from './vendor.js';
import { TlsService } from './volc/service.js';

/** What the emulator has seen since the start or the last reset. */
export interface EmulatorStats {
  /** Requests to the services' APIs, refused and swallowed ones too; the control API does not count. */
  readonly requests: number;
  /** Logs kept. */
  readonly logs: number;
  /** Bytes of the kept requests' bodies before compression. */
  readonly rawBytes: number;
  /** Bytes of the kept requests' bodies as sent. */
  readonly wireBytes: number;
  /** Answers with an error, by error code; scripted ones count too. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Each shard's range of hash keys and its kept logs, all topics and Logstores together. */
  readonly shards: readonly (ShardRange & { readonly logs: number })[];
}

/** Which logs to give. */
export interface LogsQuery {
  /** Only logs with a greater sequence number. Default 0: from the first. */
  readonly after?: number;
  /** At most so many logs. Default: all. */
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
    this.#ledger = new Ledger(options.shards, { tls: options.topics, sls: options.logstores });
    // The first that owns a path has it; the last owns them all.
    this.#vendors = [
      new SlsService(options, this.#ledger, this.temporaryKeys),
      new TlsService(options, this.#ledger, this.temporaryKeys),
    ];
    this.#ranges = new Shards(options.shards).ranges;
  }

  vendorOf(path: string): Vendor {
    return this.#vendors.find((vendor) => vendor.owns(path))!;
  }

  /** Of any service, before compression. */
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

  /** Gives `null`, or what is wrong with the script; then the script so far stays. */
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
