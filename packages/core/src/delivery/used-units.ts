// The units of a queue that are in use: in flight, or sent next.

import type { Unit } from './unit';

/** Memory that a unit takes, besides its body. */
const OVERHEAD_BYTES = 512;

/** Memory that a unit takes. */
export function bytesOf({ batch }: Unit): number {
  return batch.body.length + OVERHEAD_BYTES;
}

export class UsedUnits {
  readonly inFlight = new Set<Unit>();
  /** Sent next: parts of units that were cut, and units that were read in advance. */
  #next: readonly Unit[] = [];
  readonly #onBytes: (bytes: number) => void;
  #onIdle: (() => void) | undefined;

  /** @param onBytes called with the change of the memory that units take, in bytes */
  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  get next(): readonly Unit[] {
    return this.#next;
  }

  get length(): number {
    return this.inFlight.size + this.#next.length;
  }

  /** Removes the first unit that is sent next. Its bytes stay counted. */
  takeNext(): Unit | undefined {
    const [first, ...rest] = this.#next;
    this.#next = rest;
    return first;
  }

  /** A unit of `takeNext`, or another whose bytes are counted, cannot be sent now. It is sent before all others. */
  putBack(unit: Unit): void {
    this.#next = [unit, ...this.#next];
  }

  /** These units are sent before all others. */
  putFirst(units: readonly Unit[]): void {
    for (const unit of units) this.#onBytes(bytesOf(unit));
    this.#next = [...units, ...this.#next];
  }

  /** A unit in flight is finished, or its parts take its place. Its segment may be deleted, unless parts need it. */
  end(unit: Unit, parts: readonly Unit[] = []): void {
    this.inFlight.delete(unit);
    for (const { disk } of parts) disk?.journal.pin(disk);
    this.putFirst(parts);
    this.#onBytes(-bytesOf(unit));
    unit.disk?.journal.unpin(unit.disk);
  }

  /** Another process sends these units, in the same parts. Those in flight stay here until they are finished. */
  giveAway(isGiven: (unit: Unit) => boolean): void {
    for (const unit of this.#next) if (isGiven(unit)) this.#onBytes(-bytesOf(unit));
    this.#next = this.#next.filter((unit) => !isGiven(unit));
  }

  /** Returns the lowest batch number of these units; `most` if all are higher. */
  oldestSequence(most: number): number {
    let oldest = most;
    for (const { sequence } of this.inFlight) oldest = Math.min(oldest, sequence);
    for (const { sequence } of this.#next) oldest = Math.min(oldest, sequence);
    return oldest;
  }

  /** Resolves when no unit is in use. */
  idle(): Promise<void> {
    if (this.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** A unit is finished. */
  lookIdle(): void {
    if (this.length > 0) return;
    this.#onIdle?.();
    this.#onIdle = undefined;
  }

  clear(): void {
    this.inFlight.clear();
    this.#next = [];
  }
}
