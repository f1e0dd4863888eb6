// Takes: whole requests to the service's API. Gives: their answers: this file is the way of a request, top to bottom.
// Keeps: the ledger, the fault script and the statistics. Never: touches a socket; see server.ts.
import { type Answer, answerJson, answerRefusal, invalidArgument, isRefusal, type Refusal, refuse } from './answer.js';
import { consumeLogs, describeCursor, describeShards } from './consume-logs.js';
import { checkRules } from './fault-rule.js';
import { FaultScript } from './faults.js';
import { Ledger, type LogEntry } from './ledger.js';
import type { ResolvedOptions } from './options.js';
import { acceptPutLogs } from './put-logs.js';
import { type ApiRequest, header } from './request.js';
import { LogSearch } from './search-logs.js';
import { type ShardRange, Shards } from './shards.js';
import { verifySignature } from './signature.js';

/** What the emulator has seen since the start or the last reset. */
export interface EmulatorStats {
  /** Requests to the service's API, refused and swallowed ones too; the control API does not count. */
  readonly requests: number;
  /** Logs kept. */
  readonly logs: number;
  /** Bytes of the kept requests' LogGroupLists before compression. */
  readonly rawBytes: number;
  /** Bytes of the kept requests' bodies as sent. */
  readonly wireBytes: number;
  /** Answers with an error, by ErrorCode; scripted ones count too. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Each shard's range of hash keys and its kept logs, all topics together. */
  readonly shards: readonly (ShardRange & { readonly logs: number })[];
}

/** Which logs to give. */
export interface LogsQuery {
  /** Only logs with a greater sequence number. Default 0: from the first. */
  readonly after?: number;
  /** At most so many logs. Default: all. */
  readonly limit?: number;
  /** Only logs of this topic. */
  readonly topicId?: string;
}

type Route = (request: ApiRequest, nowMs: number) => Answer | Refusal;

export class Service {
  readonly faults = new FaultScript();
  readonly #options: ResolvedOptions;
  readonly #ledger: Ledger;
  readonly #search: LogSearch;
  readonly #ranges: readonly ShardRange[];
  readonly #routes: ReadonlyMap<string, { readonly methods: readonly string[]; readonly run: Route }>;
  #requests = 0;
  #rejected = new Map<string, number>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options.shards, options.topics);
    this.#search = new LogSearch(this.#ledger);
    this.#ranges = new Shards(options.shards).ranges;
    this.#routes = new Map([
      ['/PutLogs', { methods: ['POST'], run: (request, nowMs) => this.#putLogs(request, nowMs) }],
      ['/SearchLogs', { methods: ['POST'], run: (request) => this.#search.answer(request) }],
      ['/DescribeShards', { methods: ['GET'], run: (request) => describeShards(request, this.#ledger) }],
      // The documents say POST, the SDKs send GET with a body.
      ['/DescribeCursor', { methods: ['GET', 'POST'], run: (request) => describeCursor(request, this.#ledger) }],
      ['/ConsumeLogs', { methods: ['GET', 'POST'], run: (request) => consumeLogs(request, this.#ledger) }],
    ]);
  }

  answer(request: ApiRequest, nowMs: number): Answer {
    const outcome = this.#serve(request, nowMs);
    return isRefusal(outcome) ? answerRefusal(outcome) : outcome;
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

  logs({ after = 0, limit = Number.POSITIVE_INFINITY, topicId }: LogsQuery): LogEntry[] {
    const logs: LogEntry[] = [];
    if (limit <= 0) return logs;
    for (const log of this.#ledger.entries(after, topicId)) {
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
    this.#search.reset();
    this.#requests = 0;
    this.#rejected = new Map();
  }

  #serve(request: ApiRequest, nowMs: number): Answer | Refusal {
    const route = this.#routes.get(request.path);
    if (!route) return refuse('PathNotFound');
    if (!route.methods.includes(request.method)) return refuse('MethodNotSupport');
    const version = header(request, 'x-tls-apiversion');
    if (version !== undefined && version !== '0.2.0' && version !== '0.3.0')
      return invalidArgument('x-tls-apiversion', version);
    return verifySignature(request, { ...this.#options, nowMs }) ?? route.run(request, nowMs);
  }

  #putLogs(request: ApiRequest, nowMs: number): Answer | Refusal {
    const accepted = acceptPutLogs(request, this.#ledger, nowMs);
    if (isRefusal(accepted)) return accepted;
    this.#ledger.append(accepted);
    return answerJson({});
  }
}
