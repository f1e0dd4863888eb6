// The units of a queue that are in use: those in flight, and those that are sent before everything else.

import type { Unit } from './unit';

/** Memory that a unit takes beside its body. */
const OVERHEAD_BYTES = 512;

/** Memory that a unit takes. */
export function bytesOf({ batch }: Unit): number {
  return batch.body.length + OVERHEAD_BYTES;
}

export class UsedUnits {
  readonly inFlight = new Set<Unit>();
  /** Parts of units that were cut, and units that were read ahead. */
  #next: readonly Unit[] = [];
  readonly #onBytes: (bytes: number) => void;
  #onIdle: (() => void) | undefined;

  /** @param onBytes called with the bytes that units begin or cease to take */
  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  get next(): readonly Unit[] {
    return this.#next;
  }

  get length(): number {
    return this.inFlight.size + this.#next.length;
  }

  /** Takes the first unit that is to be sent; its bytes stay counted. */
  takeNext(): Unit | undefined {
    const [first, ...rest] = this.#next;
    this.#next = rest;
    return first;
  }

  /** These are sent before everything else. */
  putFirst(units: readonly Unit[]): void {
    for (const unit of units) this.#onBytes(bytesOf(unit));
    this.#next = [...units, ...this.#next];
  }

  /** A unit in flight is finished, or parts of it take its place. Its segment may give way, except for the parts. */
  end(unit: Unit, parts: readonly Unit[] = []): void {
    this.inFlight.delete(unit);
    for (const { disk } of parts) disk?.journal.pin(disk);
    this.putFirst(parts);
    this.#onBytes(-bytesOf(unit));
    unit.disk?.journal.unpin(unit.disk);
  }

  /** Another process sends these units, in the same parts. Those in flight stay: their attempts are made here. */
  giveAway(isGiven: (unit: Unit) => boolean): void {
    for (const unit of this.#next) if (isGiven(unit)) this.#onBytes(-bytesOf(unit));
    this.#next = this.#next.filter((unit) => !isGiven(unit));
  }

  /** The lowest batch number among them; `most` if all are higher. */
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
