// The ledger: all accepted logs, numbered in order of arrival, and their stores and shards.
//
// A store is what a service writes to: a topic of TLS, or a Logstore of SLS.
// Bodies are kept compressed as they were sent, so that a million small logs fit. Logs do not change until `reset`.

import type { KeyValue, LogGroup, StoredLog } from './log-group.js';
import type { SearchIndex } from './search-index.js';
import { Shards } from './shards.js';

/** `tls` is Volcengine TLS, `sls` is Alibaba Cloud SLS. */
export type ServiceName = 'tls' | 'sls';

/** One log. */
export interface LogEntry {
  /** The number of the log since the start or the last reset, from 1. */
  readonly sequence: number;
  readonly service: ServiceName;
  /** The project of an SLS log, or the ProjectId of a TLS WebTracks. Otherwise `''`. */
  readonly project: string;
  /** `''` in TLS. */
  readonly logstore: string;
  /** `''` in SLS. */
  readonly topicId: string;
  /** The number of the shard that the log was written to. */
  readonly shard: number;
  /** The hash key as sent. `''` for load balancing. */
  readonly hashKey: string;
  /** The ContextFlow of the LogGroup (TLS) or its tag `__pack_id__` (SLS). `''` if there is none. */
  readonly packId: string;
  /** `''` in SLS. */
  readonly fileName: string;
  /** The Topic of the LogGroup. `''` in TLS. */
  readonly topic: string;
  /** The time as sent, in Unix seconds or milliseconds. For web tracking of both services, the time of arrival. */
  readonly time: number;
  /** TimeNs as sent, or `null`. */
  readonly timeNs: number | null;
  readonly source: string;
  /** The tags of the LogGroup, in wire order. */
  readonly tags: readonly KeyValue[];
  /** The fields of the log, in wire order. */
  readonly contents: readonly KeyValue[];
  /** The request id of the answer. */
  readonly requestId: string;
  /** The number of the write, from 1. */
  readonly batch: number;
}

/** A write that passed every check. */
export interface AcceptedRequest {
  readonly store: Store;
  readonly service: ServiceName;
  readonly project: string;
  readonly logstore: string;
  readonly topicId: string;
  readonly shard: number;
  readonly hashKey: string;
  /** SLS: the `seqid` of the request. */
  readonly sequenceId?: number | undefined;
  readonly requestId: string;
  readonly wireBytes: number;
  readonly rawBytes: number;
  /** The number of logs in each of its groups. */
  readonly logCounts: readonly number[];
  /** Decodes the groups from the body as it was sent. Nothing is cached. */
  readonly read: () => readonly LogGroup[];
  readonly arrivedAtMs: number;
}

interface Batch extends AcceptedRequest {
  readonly index: number;
  readonly firstSequence: number;
  readonly logCount: number;
}

/** The position of a log group, which a cursor points at. */
export interface GroupPosition {
  readonly batch: number;
  readonly group: number;
  readonly arrivedAtMs: number;
}

export interface Store {
  readonly shards: Shards;
  /** SLS: the last sequence id that was written under each hash key, in lower case. */
  readonly sequenceIds: Map<string, number>;
  /** The log groups of each shard, oldest first. */
  readonly groups: readonly GroupPosition[][];
  /** `null` if it has none: then nothing is found. */
  index: SearchIndex | null;
  readonly createdMs: number;
}

/** What the ledger has to know to open a store. */
export interface StoreSettings {
  readonly shardCount: number;
  readonly listed: Listed;
  /** The index of a new store of this service. */
  readonly firstIndex: (service: ServiceName, nowMs: number) => SearchIndex | null;
  readonly clock: () => number;
}

/** The properties of a log that are known without decoding its body. */
export type Origin = Pick<AcceptedRequest, 'store' | 'service' | 'project' | 'logstore' | 'topicId'>;

/** The stores that exist. If a service has no list, a store exists after its first write. */
export type Listed = Readonly<Record<ServiceName, readonly string[] | undefined>>;

export class Ledger {
  readonly #settings: StoreSettings;
  #stores = new Map<string, Store>();
  #batches: Batch[] = [];
  #logsByShard: number[] = [];
  #logs = 0;
  #rawBytes = 0;
  #wireBytes = 0;
  #decoded: { index: number; groups: readonly LogGroup[] } | null = null;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.reset();
  }

  reset(): void {
    this.#stores = new Map();
    for (const [service, names] of Object.entries(this.#settings.listed)) {
      for (const name of names ?? []) this.#open(service as ServiceName, name);
    }
    this.#batches = [];
    this.#logsByShard = new Array<number>(this.#settings.shardCount).fill(0);
    this.#logs = 0;
    this.#rawBytes = 0;
    this.#wireBytes = 0;
    this.#decoded = null;
  }

  store(service: ServiceName, name: string): Store | undefined {
    return this.#stores.get(`${service} ${name}`);
  }

  /** The store to write to. The first write creates it. `undefined` if stores are listed and this one is not. */
  storeToWrite(service: ServiceName, name: string): Store | undefined {
    return this.store(service, name) ?? (this.#settings.listed[service] ? undefined : this.#open(service, name));
  }

  append(request: AcceptedRequest): void {
    const logCount = request.logCounts.reduce((sum, count) => sum + count, 0);
    const index = this.#batches.length;
    this.#batches.push({ ...request, index, firstSequence: this.#logs + 1, logCount });
    this.#logs += logCount;
    this.#rawBytes += request.rawBytes;
    this.#wireBytes += request.wireBytes;
    this.#logsByShard[request.shard]! += logCount;
    const { store, hashKey, sequenceId } = request;
    if (sequenceId !== undefined) store.sequenceIds.set(hashKey.toLowerCase(), sequenceId);
    const positions = request.store.groups[request.shard]!;
    for (const [group, count] of request.logCounts.entries()) {
      if (count > 0) positions.push({ batch: index, group, arrivedAtMs: request.arrivedAtMs });
    }
  }

  /** The logs after a sequence number, oldest first. Each is decoded when the iterator reaches it. */
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

  /** The log of a sequence number that `totals` covers. In ascending order, each body is decoded only once. */
  entryAt(sequence: number): LogEntry {
    const batch = this.#batches[this.#batchAfter(sequence - 1)]!;
    let at = sequence - batch.firstSequence;
    for (const group of this.#groupsOf(batch)) {
      const log = group.logs[at];
      if (log !== undefined) return entryOf(batch, group, log, sequence);
      at -= group.logs.length;
    }
    throw new RangeError(`No log has the sequence number ${sequence}.`);
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
    const { shardCount, firstIndex, clock } = this.#settings;
    const createdMs = clock();
    const store: Store = {
      shards: new Shards(shardCount),
      sequenceIds: new Map(),
      groups: Array.from({ length: shardCount }, () => []),
      index: firstIndex(service, createdMs),
      createdMs,
    };
    this.#stores.set(`${service} ${name}`, store);
    return store;
  }

  // Readers proceed log by log or page by page, so the body that was decoded last is usually the next one.
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
