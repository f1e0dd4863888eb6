// The units of a queue that are in memory and not in flight, the oldest first. The first of them may also be on disk.

import type { Segment } from '../spool/segment';
import { Deque } from './deque';
import type { Unit } from './unit';
import { bytesOf } from './used-units';

export class MemoryUnits {
  readonly #units = new Deque<Unit>();
  /** How many units at the front are also on disk. */
  #onDisk = 0;
  readonly #onBytes: (bytes: number) => void;

  /** @param onBytes called with the change of the memory that units take, in bytes */
  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  get length(): number {
    return this.#units.length;
  }

  get first(): Unit | undefined {
    return this.#units.at(0);
  }

  push(unit: Unit): void {
    this.#onBytes(bytesOf(unit));
    this.#units.push(unit);
  }

  /** Removes the first unit, which is sent now. Its bytes stay counted. */
  shift(): Unit | undefined {
    const unit = this.#units.shift();
    if (unit?.disk !== undefined) this.#onDisk -= 1;
    return unit;
  }

  /** The first unit that is not on disk. */
  get firstUnspooled(): Unit | undefined {
    return this.#units.at(this.#onDisk);
  }

  /** The unit that `firstUnspooled` returned is on disk now. */
  spooled(): void {
    this.#onDisk += 1;
  }

  /** Removes the units that are also on disk from memory. They are read again when they are sent. */
  letGo(): void {
    for (; this.#onDisk > 0; this.#onDisk -= 1) this.#release(this.#units.shift()!);
  }

  /** Removes and returns the oldest unit that is only in memory. */
  dropOldest(): Unit | undefined {
    this.letGo();
    const unit = this.#units.shift();
    if (unit !== undefined) this.#release(unit);
    return unit;
  }

  /**
   * Removes the units of a segment that is deleted to make room. They may be behind units of an older segment, which a
   * unit in flight keeps.
   */
  dropSegment(segment: Segment): void {
    const kept: Unit[] = [];
    for (; this.#onDisk > 0; this.#onDisk -= 1) {
      const unit = this.#units.shift()!;
      if (unit.disk?.segment === segment) this.#release(unit);
      else kept.push(unit);
    }
    for (const unit of kept.reverse()) this.#units.unshift(unit);
    this.#onDisk = kept.length;
  }

  /** The files are gone: all units are only in memory. */
  forgetDisk(): void {
    this.#onDisk = 0;
  }

  #release(unit: Unit): void {
    this.#onBytes(-bytesOf(unit));
  }

  clear(): void {
    while (this.#units.shift() !== undefined);
    this.#onDisk = 0;
  }

  [Symbol.iterator](): Iterator<Unit> {
    return this.#units[Symbol.iterator]();
  }
}
