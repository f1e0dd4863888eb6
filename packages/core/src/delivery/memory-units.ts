// The units of a queue that are in memory and not in flight, the oldest first. The first ones may also be on disk.

import type { Segment } from '../spool/segment';
import { Deque } from './deque';
import type { Unit } from './unit';
import { bytesOf } from './used-units';

export class MemoryUnits {
  readonly #units = new Deque<Unit>();
  /** How many of the first ones are also on disk. */
  #onDisk = 0;
  readonly #onBytes: (bytes: number) => void;

  /** @param onBytes called with the bytes that units begin or cease to take */
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

  /** Takes the first one, to be sent; its bytes stay counted. */
  shift(): Unit | undefined {
    const unit = this.#units.shift();
    if (unit?.disk !== undefined) this.#onDisk -= 1;
    return unit;
  }

  /** The first unit that is not on disk. */
  get firstUnspooled(): Unit | undefined {
    return this.#units.at(this.#onDisk);
  }

  /** That unit is on disk now. */
  spooled(): void {
    this.#onDisk += 1;
  }

  /** Units that are also on disk leave memory; they are read again when it is their turn. */
  letGo(): void {
    for (; this.#onDisk > 0; this.#onDisk -= 1) this.#release(this.#units.shift()!);
  }

  /** Takes the oldest unit that is only in memory, and releases it. */
  dropOldest(): Unit | undefined {
    this.letGo();
    const unit = this.#units.shift();
    if (unit !== undefined) this.#release(unit);
    return unit;
  }

  /** Releases the units whose segment gives way: also behind others, whose segment is kept by a unit in flight. */
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

  /** The files are gone: every unit is only in memory. */
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
