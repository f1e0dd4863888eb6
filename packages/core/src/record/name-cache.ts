// The field names that WebAssembly recognises: which FieldName is in which slot of its name cache.
//
// Each name takes room in the arena. If there is no room for a name, or it is above 256 bytes, FieldNames looks it up
// for each record.

import type { Arena } from './arena';
import type { FieldName } from './field-names';
import { NAME_SLOTS, NAMES_FROM, NAMES_TO, OVERRUN_BYTES } from './memory-layout';
import { WHOLE_BYTES } from './name-key';

/** After this many lookups of names that the cache did not have, it is filled again: its names may be unused. */
const MAX_MISSES = 4096;

export class NameCache {
  readonly #slots: (FieldName | undefined)[] = new Array(NAME_SLOTS).fill(undefined);
  #arena: Arena | undefined;
  /** Increases with each clear, so that a FieldName knows whether its address is still valid. */
  #generation = 0;
  #namesTo = NAMES_FROM;
  #misses = 0;

  get isStale(): boolean {
    return this.#misses > MAX_MISSES;
  }

  /** Continues in this arena. Empties the cache if its names are in another arena, or were overwritten. */
  use(arena: Arena): void {
    if (arena === this.#arena && arena.nameCache === this) return;
    this.#arena = arena;
    arena.nameCache = this;
    this.clear();
  }

  inSlot(slot: number): FieldName {
    return this.#slots[slot]!;
  }

  /** Returns the address of the bytes to write for the name, or 0 if the cache does not have it. */
  addressOf(name: FieldName): number {
    return name.cachedIn === this.#generation ? name.address : 0;
  }

  /**
   * Adds the name, if the cache does not have it and there is room.
   * @param text where the bytes of the name are
   */
  insert(name: FieldName, text: Buffer): void {
    if (name.cachedIn === this.#generation) return;
    this.#misses += 1;
    const { bytes, code } = this.#arena!;
    const source = this.#namesTo;
    const encoded = source + name.bytes;
    const to = encoded + name.encodedBytes;
    if (name.bytes > WHOLE_BYTES || to + OVERRUN_BYTES > NAMES_TO) return;
    text.copy(bytes, source, name.at, name.at + name.bytes);
    text.copy(bytes, encoded, name.encodedAt, name.encodedAt + name.encodedBytes);
    const slot = code.insertName(source, name.bytes, encoded, name.encodedBytes);
    if (slot === -1) return;
    this.#slots[slot] = name;
    this.#namesTo = to;
    name.address = encoded;
    name.cachedIn = this.#generation;
  }

  clear(): void {
    this.#arena?.code.clearNames();
    this.#generation += 1;
    this.#namesTo = NAMES_FROM;
    this.#misses = 0;
  }
}
