// Takes: how many shards a topic has, and hash keys. Gives: equal ranges over 128 bits, and the shard of a key.
// Keeps: the turn of the load balancer. Never: moves a border: shards do not split or merge here.

export interface ShardRange {
  readonly shard: number;
  /** The first hash key of the range: 32 lower-case hex digits. */
  readonly begin: string;
  /** The end of the range, itself outside it. The last shard ends at 32 times `f`, as the documents have it. */
  readonly end: string;
}

export class Shards {
  readonly ranges: readonly ShardRange[];
  #turn = 0;

  constructor(count: number) {
    const border = (at: number): string =>
      at === count ? 'f'.repeat(32) : ((BigInt(at) << 128n) / BigInt(count)).toString(16).padStart(32, '0');
    this.ranges = Array.from({ length: count }, (_, at) => ({ shard: at, begin: border(at), end: border(at + 1) }));
  }

  /** The shard of a hash key of 32 hex digits below 32 times `f`, the one key no range contains. */
  byHashKey(hashKey: string): number {
    const key = hashKey.toLowerCase();
    return this.ranges.find(({ begin, end }) => begin <= key && key < end)!.shard;
  }

  /** The next shard in turn. */
  balanced(): number {
    return this.#turn++ % this.ranges.length;
  }
}
