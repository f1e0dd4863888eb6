// The shards of a store: equal ranges of the 128-bit hash keys, and the turn of the load balancer.
//
// Shards do not split or merge.

export interface ShardRange {
  readonly shard: number;
  /** The first hash key of the range, as 32 lower-case hex digits. */
  readonly begin: string;
  /** The end of the range, exclusive. The last shard ends at 32 times `f`, as in the documentation. */
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

  /**
   * The shard of a hash key. One of fewer than 32 hex digits is the beginning of a key, followed by zeros. 32 times `f`
   * is in no range.
   */
  byHashKey(hashKey: string): number {
    const key = hashKey.toLowerCase().padEnd(32, '0');
    return this.ranges.find(({ begin, end }) => begin <= key && key < end)!.shard;
  }

  /** The next shard of the load balancer. */
  balanced(): number {
    return this.#turn++ % this.ranges.length;
  }
}
