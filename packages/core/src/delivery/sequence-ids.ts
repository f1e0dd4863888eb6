// Assigns sequence ids to the units of one queue, for `delivery: 'exactlyOnce'`.
//
// The service writes a batch only if its id is above the last one of its key, and says so of any other. So a unit that
// is sent again under its id is never written twice. Invariants, without which the service would refuse records that it
// does not have:
//
//   1. Ids are given when a unit is first taken for sending, in the order of sending, with one unit in flight.
//   2. A unit with a higher id is sent only after the unit before it is finished, or was cut after a sure refusal.
//   3. An id is written down before it is used, if the unit is on disk. A later process uses it for this unit alone.
//   4. A key belongs to one queue of one process. If units of the queue go to another process, the queue takes a new
//      key, because the other process sends these units under the old one.

import { randomBytes } from 'node:crypto';
import type { DiskFailure } from '../spool/disk';
import { MAX_SEQUENCE_NUMBER, OWN_DIGITS } from '../spool/sequence-id';
import { sentUnder, type Unit } from './unit';

export class SequenceIds {
  #keyEnd = newKeyEnd();
  #next: number;

  /** @param first the first number under the first key; a test begins near the last */
  constructor(first = 1) {
    this.#next = first;
  }

  /** Assigns the unit an id when it is sent first. If the disk refuses to keep the id, returns why. */
  give(unit: Unit): DiskFailure | undefined {
    if (unit.sentUnder !== undefined) return undefined;
    if (this.#next > MAX_SEQUENCE_NUMBER) this.#renew();
    const id = { keyEnd: this.#keyEnd, number: this.#next };
    // A record that the disk refused may be there all the same. So its number is not used again.
    this.#next += 1;
    const { disk, from, to } = unit;
    const failure = disk?.journal.attempt(disk, { ...id, from, to });
    if (failure === undefined) unit.sentUnder = sentUnder(unit.batch, id, false);
    return failure;
  }

  /** Another process sends these units in flight too: so they must not be cut here, and no id may follow theirs. */
  givenAway(units: readonly Unit[]): void {
    for (const { sentUnder } of units) if (sentUnder !== undefined) sentUnder.isInDoubt = true;
    this.#renew();
  }

  #renew(): void {
    this.#keyEnd = newKeyEnd();
    this.#next = 1;
  }
}

function newKeyEnd(): string {
  return randomBytes(OWN_DIGITS / 2).toString('hex');
}
