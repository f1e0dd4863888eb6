// A set of record indexes, stored as ranges: the finished records of a unit.

/** The indexes from `from` to before `to`. Ranges are sorted and do not overlap. */
export interface RecordRange {
  readonly from: number;
  readonly to: number;
}

export class RecordRanges {
  #ranges: RecordRange[] = [];
  /** How many indexes are in the set. */
  total = 0;

  get ranges(): readonly RecordRange[] {
    return this.#ranges;
  }

  has(index: number): boolean {
    return this.#ranges.some(({ from, to }) => from <= index && index < to);
  }

  /** Returns how many of the indexes are new. */
  add(from: number, to: number): number {
    if (from >= to) return 0;
    const before = this.#ranges.filter((range) => range.to < from);
    const after = this.#ranges.filter((range) => range.from > to);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const joined = {
      from: Math.min(from, touched[0]?.from ?? from),
      to: Math.max(to, touched.at(-1)?.to ?? to),
    };
    const known = touched.reduce((sum, range) => sum + range.to - range.from, 0);
    this.#ranges = [...before, joined, ...after];
    const added = joined.to - joined.from - known;
    this.total += added;
    return added;
  }
}
