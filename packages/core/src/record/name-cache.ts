// The names that stand in the memory a record is read in, so that wasm/record.ts knows a field by its slot.
//
// Takes: entries of names that were not known there. Gives: the entry of a slot, and the address of a name's bytes.
// Keeps: which entry is in which slot, until all are forgotten. Never: asks for more room than the memory has for them: what
// finds none is looked up in the table of names each time.

import { type Arena, NAME_SLOTS, NAMES_FROM, NAMES_TO, OVERRUN_BYTES } from './arena';
import type { KeyEntry } from './field-names';

/** Names that were not there, until the cache is filled anew: what it has may have gone out of use. */
const MISSES = 4096;

export class PlacedNames {
  readonly #slots: (KeyEntry | undefined)[] = new Array(NAME_SLOTS).fill(undefined);
  /** Grows whenever the cache is emptied: what was placed before is no more. */
  #filling = 0;
  #to = NAMES_FROM;
  #misses = 0;

  get isOutOfUse(): boolean {
    return this.#misses > MISSES;
  }

  inSlot(slot: number): KeyEntry {
    return this.#slots[slot]!;
  }

  /** Of the bytes to write for the name; 0 if it stands nowhere. */
  addressOf(entry: KeyEntry): number {
    return entry.placedIn === this.#filling ? entry.address : 0;
  }

  /** Puts a name into the cache, if there is room, and it is not there. */
  place({ bytes, wasm }: Arena, entry: KeyEntry): void {
    if (entry.placedIn === this.#filling) return;
    this.#misses += 1;
    const { source, encoded } = entry;
    const address = this.#to;
    if (address + source.length + encoded.length + OVERRUN_BYTES > NAMES_TO) return;
    bytes.set(source, address);
    bytes.set(encoded, address + source.length);
    const slot = wasm.remember(address, source.length, address + source.length, encoded.length);
    if (slot === -1) return;
    this.#slots[slot] = entry;
    this.#to += source.length + encoded.length;
    entry.address = address + source.length;
    entry.placedIn = this.#filling;
  }

  forget({ wasm }: Arena): void {
    wasm.forget();
    this.#filling += 1;
    this.#to = NAMES_FROM;
    this.#misses = 0;
  }
}
