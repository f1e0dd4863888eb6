// Takes: requests that passed every check. Gives: their logs, numbered in the order of arrival; positions for cursors; totals.
// Keeps: each request's body as it was sent, still compressed, so that a million small logs fit; topics and their shards.
// Never: changes or forgets a log before `reset`.
import { type Codec, decompress } from './body.js';
import { decodeGroups, timeOf, type WireContent, type WireLog, type WireLogGroup } from './schema.js';
import { Shards } from './shards.js';

/** A field of a log or a tag of its group. A list of these keeps the wire's order and shows duplicate keys. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** One log as the emulator keeps it. */
export interface LogEntry {
  /** 1 for the first log since the start or the last reset, then one more for each. */
  readonly sequence: number;
  readonly topicId: string;
  /** The number of the shard the log's request was written to. */
  readonly shard: number;
  /** `x-tls-hashkey` as sent, `''` for load balancing. */
  readonly hashKey: string;
  /** The LogGroup's ContextFlow, `''` if none. */
  readonly packId: string;
  readonly fileName: string;
  /** Time as sent: Unix seconds or milliseconds. */
  readonly time: number;
  /** TimeNs as sent, `null` if none. */
  readonly timeNs: number | null;
  readonly source: string;
  /** The LogGroup's tags in wire order. */
  readonly tags: readonly KeyValue[];
  /** The log's fields in wire order. */
  readonly contents: readonly KeyValue[];
  /** The `X-Tls-Requestid` the request was answered with. */
  readonly requestId: string;
  /** 1 for the first request that was written, then one more for each. */
  readonly batch: number;
}

/** A request that passed every check, ready to be written. */
export interface AcceptedRequest {
  readonly topicId: string;
  readonly shard: number;
  readonly hashKey: string;
  readonly requestId: string;
  readonly codec: Codec;
  readonly wire: Buffer;
  readonly rawBytes: number;
  readonly groups: readonly WireLogGroup[];
  readonly arrivedAtMs: number;
}

interface Batch extends Omit<AcceptedRequest, 'groups'> {
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

export interface Topic {
  readonly shards: Shards;
  /** The log groups of each shard, oldest first. */
  readonly groups: readonly GroupPosition[][];
}

export class Ledger {
  readonly #shardCount: number;
  readonly #listed: readonly string[] | undefined;
  #topics = new Map<string, Topic>();
  #batches: Batch[] = [];
  #logsByShard: number[] = [];
  #logs = 0;
  #rawBytes = 0;
  #wireBytes = 0;
  #decoded: { index: number; groups: readonly WireLogGroup[] } | null = null;

  /** With `topics` only those exist, from the start; without, a topic exists once it has been written to. */
  constructor(shardCount: number, topics?: readonly string[]) {
    this.#shardCount = shardCount;
    this.#listed = topics;
    this.reset();
  }

  reset(): void {
    this.#topics = new Map();
    for (const topicId of this.#listed ?? []) this.#openTopic(topicId);
    this.#batches = [];
    this.#logsByShard = new Array<number>(this.#shardCount).fill(0);
    this.#logs = 0;
    this.#rawBytes = 0;
    this.#wireBytes = 0;
    this.#decoded = null;
  }

  topic(topicId: string): Topic | undefined {
    return this.#topics.get(topicId);
  }

  /** The topic to write to, made by the first write that finds none; `undefined` when topics are listed and this is not. */
  topicToWrite(topicId: string): Topic | undefined {
    return this.#topics.get(topicId) ?? (this.#listed ? undefined : this.#openTopic(topicId));
  }

  append(request: AcceptedRequest): void {
    const { groups, ...kept } = request;
    const logCount = groups.reduce((sum, group) => sum + group.Logs.length, 0);
    const index = this.#batches.length;
    this.#batches.push({ ...kept, index, firstSequence: this.#logs + 1, logCount });
    this.#logs += logCount;
    this.#rawBytes += request.rawBytes;
    this.#wireBytes += request.wire.length;
    this.#logsByShard[request.shard]! += logCount;
    const positions = this.#topics.get(request.topicId)!.groups[request.shard]!;
    for (const [group, { Logs }] of groups.entries()) {
      if (Logs.length > 0) positions.push({ batch: index, group, arrivedAtMs: request.arrivedAtMs });
    }
  }

  /** The logs after a sequence number, oldest first, each made when it is asked for. */
  *entries(after: number, topicId?: string): Generator<LogEntry> {
    for (let index = this.#batchAfter(after); index < this.#batches.length; index++) {
      const batch = this.#batches[index]!;
      if (topicId !== undefined && batch.topicId !== topicId) continue;
      let sequence = batch.firstSequence;
      for (const group of this.#groupsOf(batch)) {
        const tags = group.LogTags.map(keyValue);
        for (const log of group.Logs) {
          if (sequence > after) yield entryOf(batch, group, tags, log, sequence);
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
    const group = groups.find(({ Logs }) => {
      if (at < Logs.length) return true;
      at -= Logs.length;
      return false;
    })!;
    return entryOf(batch, group, group.LogTags.map(keyValue), group.Logs[at]!, sequence);
  }

  groupAt(position: GroupPosition): WireLogGroup {
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

  #openTopic(topicId: string): Topic {
    const topic = { shards: new Shards(this.#shardCount), groups: Array.from({ length: this.#shardCount }, () => []) };
    this.#topics.set(topicId, topic);
    return topic;
  }

  // Readers go through a batch log by log or page by page, so the batch opened last is the one wanted next.
  #groupsOf(batch: Batch): readonly WireLogGroup[] {
    if (this.#decoded?.index === batch.index) return this.#decoded.groups;
    const groups = decodeGroups(decompress(batch.codec, batch.wire, batch.rawBytes)!) as readonly WireLogGroup[];
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

function keyValue({ Key, Value }: WireContent): KeyValue {
  return { key: Key, value: Value };
}

function entryOf(batch: Batch, group: WireLogGroup, tags: KeyValue[], log: WireLog, sequence: number): LogEntry {
  return {
    sequence,
    topicId: batch.topicId,
    shard: batch.shard,
    hashKey: batch.hashKey,
    packId: group.ContextFlow,
    fileName: group.FileName,
    time: timeOf(log),
    // Presence, not value: a TimeNs of 0 was sent, a missing one was not.
    timeNs: Object.hasOwn(log, 'TimeNs') ? log.TimeNs! : null,
    source: group.Source,
    tags,
    contents: log.Contents.map(keyValue),
    requestId: batch.requestId,
    batch: batch.index + 1,
  };
}
