// Takes: requests that passed every check. Gives: their logs, numbered in the order of arrival; positions for cursors; totals.
// Keeps: each request's body as it was sent, still compressed, so that a million small logs fit; stores and their shards.
// A store is what a service writes to: a topic of TLS, a Logstore of SLS.
// Never: changes or forgets a log before `reset`.
import type { KeyValue, LogGroup, StoredLog } from './log-group.js';
import { Shards } from './shards.js';

/** `tls` is Volcengine TLS, `sls` is Alibaba Cloud SLS. */
export type ServiceName = 'tls' | 'sls';

/** One log as the emulator keeps it. */
export interface LogEntry {
  /** 1 for the first log since the start or the last reset, then one more for each. */
  readonly sequence: number;
  readonly service: ServiceName;
  /** The project of an SLS log, the ProjectId of a TLS WebTracks; else `''`. */
  readonly project: string;
  /** `''` in TLS. */
  readonly logstore: string;
  /** `''` in SLS. */
  readonly topicId: string;
  /** The number of the shard the log's request was written to. */
  readonly shard: number;
  /** The hash key as sent, `''` for load balancing. */
  readonly hashKey: string;
  /** The LogGroup's ContextFlow (TLS) or its tag `__pack_id__` (SLS), `''` if none. */
  readonly packId: string;
  /** `''` in SLS. */
  readonly fileName: string;
  /** The LogGroup's Topic; `''` in TLS. */
  readonly topic: string;
  /** Time as sent: Unix seconds or milliseconds. For WebTracks and web tracking it is that of arrival. */
  readonly time: number;
  /** TimeNs as sent, `null` if none. */
  readonly timeNs: number | null;
  readonly source: string;
  /** The LogGroup's tags in wire order. */
  readonly tags: readonly KeyValue[];
  /** The log's fields in wire order. */
  readonly contents: readonly KeyValue[];
  /** The request id the request was answered with. */
  readonly requestId: string;
  /** 1 for the first request that was written, then one more for each. */
  readonly batch: number;
}

/** A request that passed every check, ready to be written. */
export interface AcceptedRequest {
  readonly store: Store;
  readonly service: ServiceName;
  readonly project: string;
  readonly logstore: string;
  readonly topicId: string;
  readonly shard: number;
  readonly hashKey: string;
  readonly requestId: string;
  readonly wireBytes: number;
  readonly rawBytes: number;
  /** How many logs each of its groups has. */
  readonly logCounts: readonly number[];
  /** Decodes the groups from the body as it was sent, each time anew. */
  readonly read: () => readonly LogGroup[];
  readonly arrivedAtMs: number;
}

interface Batch extends AcceptedRequest {
  readonly index: number;
  readonly firstSequence: number;
  readonly logCount: number;
}

/** Where a log group lies: what a cursor points at. */
export interface GroupPosition {
  readonly batch: number;
  readonly group: number;
  readonly arrivedAtMs: number;
}

export interface Store {
  readonly shards: Shards;
  /** The log groups of each shard, oldest first. */
  readonly groups: readonly GroupPosition[][];
}

/** What of a log is known without opening its batch. */
export type Origin = Pick<AcceptedRequest, 'store' | 'service' | 'project' | 'logstore' | 'topicId'>;

/** The stores that exist from the start; then no other of their service does. Without a list one exists once it was written to. */
export type Listed = Readonly<Record<ServiceName, readonly string[] | undefined>>;

export class Ledger {
  readonly #shardCount: number;
  readonly #listed: Listed;
  #stores = new Map<string, Store>();
  #batches: Batch[] = [];
  #logsByShard: number[] = [];
  #logs = 0;
  #rawBytes = 0;
  #wireBytes = 0;
  #decoded: { index: number; groups: readonly LogGroup[] } | null = null;

  constructor(shardCount: number, listed: Listed) {
    this.#shardCount = shardCount;
    this.#listed = listed;
    this.reset();
  }

  reset(): void {
    this.#stores = new Map();
    for (const [service, names] of Object.entries(this.#listed)) {
      for (const name of names ?? []) this.#open(service as ServiceName, name);
    }
    this.#batches = [];
    this.#logsByShard = new Array<number>(this.#shardCount).fill(0);
    this.#logs = 0;
    this.#rawBytes = 0;
    this.#wireBytes = 0;
    this.#decoded = null;
  }

  store(service: ServiceName, name: string): Store | undefined {
    return this.#stores.get(`${service} ${name}`);
  }

  /** The store to write to, made by the first write that finds none; `undefined` when stores are listed and this is not. */
  storeToWrite(service: ServiceName, name: string): Store | undefined {
    return this.store(service, name) ?? (this.#listed[service] ? undefined : this.#open(service, name));
  }

  append(request: AcceptedRequest): void {
    const logCount = request.logCounts.reduce((sum, count) => sum + count, 0);
    const index = this.#batches.length;
    this.#batches.push({ ...request, index, firstSequence: this.#logs + 1, logCount });
    this.#logs += logCount;
    this.#rawBytes += request.rawBytes;
    this.#wireBytes += request.wireBytes;
    this.#logsByShard[request.shard]! += logCount;
    const positions = request.store.groups[request.shard]!;
    for (const [group, count] of request.logCounts.entries()) {
      if (count > 0) positions.push({ batch: index, group, arrivedAtMs: request.arrivedAtMs });
    }
  }

  /** The logs after a sequence number, oldest first, each made when it is asked for. */
  *entries(after: number, wanted: (source: Origin) => boolean = () => true): Generator<LogEntry> {
    for (let index = this.#batchAfter(after); index < this.#batches.length; index++) {
      const batch = this.#batches[index]!;
      if (!wanted(batch)) continue;
      let sequence = batch.firstSequence;
      for (const group of this.#groupsOf(batch)) {
        for (const log of group.logs) {
          if (sequence > after) yield entryOf(batch, group, log, sequence);
          sequence++;
        }
      }
    }
  }

  /** The log of a sequence number that `totals` covers. Ask in ascending order: then each batch is opened once. */
  entryAt(sequence: number): LogEntry {
    const batch = this.#batches[this.#batchAfter(sequence - 1)]!;
    let at = sequence - batch.firstSequence;
    const groups = this.#groupsOf(batch);
    const group = groups.find(({ logs }) => {
      if (at < logs.length) return true;
      at -= logs.length;
      return false;
    })!;
    return entryOf(batch, group, group.logs[at]!, sequence);
  }

  groupAt(position: GroupPosition): LogGroup {
    return this.#groupsOf(this.#batches[position.batch]!)[position.group]!;
  }

  totals(): { logs: number; rawBytes: number; wireBytes: number; logsByShard: readonly number[] } {
    return {
      logs: this.#logs,
      rawBytes: this.#rawBytes,
      wireBytes: this.#wireBytes,
      logsByShard: [...this.#logsByShard],
    };
  }

  #open(service: ServiceName, name: string): Store {
    const store = { shards: new Shards(this.#shardCount), groups: Array.from({ length: this.#shardCount }, () => []) };
    this.#stores.set(`${service} ${name}`, store);
    return store;
  }

  // Readers go through a batch log by log or page by page, so the batch opened last is the one wanted next.
  #groupsOf(batch: Batch): readonly LogGroup[] {
    if (this.#decoded?.index === batch.index) return this.#decoded.groups;
    const groups = batch.read();
    this.#decoded = { index: batch.index, groups };
    return groups;
  }

  #batchAfter(sequence: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const batch = this.#batches[middle]!;
      if (batch.firstSequence + batch.logCount - 1 > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function entryOf(batch: Batch, group: LogGroup, log: StoredLog, sequence: number): LogEntry {
  return {
    sequence,
    service: batch.service,
    project: batch.project,
    logstore: batch.logstore,
    topicId: batch.topicId,
    shard: batch.shard,
    hashKey: batch.hashKey,
    packId: group.packId,
    fileName: group.fileName,
    topic: group.topic,
    time: log.time,
    timeNs: log.timeNs,
    source: group.source,
    tags: group.tags,
    contents: log.contents,
    requestId: batch.requestId,
    batch: batch.index + 1,
  };
}
