// The cache of field names: a hash table with open addressing, so that a known name is one comparison.
//
// A slot, in bytes:
//
//   | first 8 bytes | last 8 bytes | length | source address | encoded address | encoded length |
//   0               8              16       20               24                28               32
//
// The first and last eight bytes and the length identify a name of up to 16 bytes. The source of a longer name is
// compared also. An encoded length of 0 marks a free slot.

import { NAME_CACHE_FROM, NAME_SLOTS, UNKNOWN } from '../src/record/memory-layout';

const FIRST: usize = 0;
const LAST: usize = 8;
const LENGTH: usize = 16;
const SOURCE: usize = 20;
const ENCODED: usize = 24;
const ENCODED_BYTES: usize = 28;
const SLOT_BYTES: usize = 32;
/** The number of slots that are searched for a name, so that a full cache stays cheap. */
const PROBES: u32 = 4;

/** The first eight bytes of a name; of a shorter one, enough of them to identify it together with `lastBytes`. */
function firstBytes(at: usize, length: usize): u64 {
  if (length >= 8) return load<u64>(at);
  if (length >= 4) return load<u32>(at);
  if (length === 0) return 0;
  return load<u8>(at) | (u64(load<u8>(at + length / 2)) << 8);
}

function lastBytes(at: usize, length: usize): u64 {
  if (length >= 8) return load<u64>(at + length - 8);
  if (length >= 4) return load<u32>(at + length - 4);
  return length === 0 ? 0 : load<u8>(at + length - 1);
}

/** The slot where the search for a name begins. The upper 9 bits of the hash are an index below NAME_SLOTS. */
function slotOf(first: u64, last: u64, length: usize): usize {
  const mixed = (first ^ rotl(last, 23) ^ length) * 0x1e3779b97f4a7d;
  return usize(mixed >> 55);
}

/** The slot of the name, or UNKNOWN. */
export function findName(at: usize, length: usize): i32 {
  const first = firstBytes(at, length);
  const last = lastBytes(at, length);
  let slot = slotOf(first, last, length);
  for (let i: u32 = 0; i < PROBES; i += 1) {
    const entry = NAME_CACHE_FROM + slot * SLOT_BYTES;
    if (load<u32>(entry + ENCODED_BYTES) === 0) return UNKNOWN;
    if (
      load<u64>(entry + FIRST) === first &&
      load<u64>(entry + LAST) === last &&
      <usize>load<u32>(entry + LENGTH) === length
    ) {
      if (length <= 16 || memory.compare(load<u32>(entry + SOURCE), at, length) === 0) return i32(slot);
    }
    slot = (slot + 1) & (NAME_SLOTS - 1);
  }
  return UNKNOWN;
}

/**
 * Adds a name that the cache does not have, and the bytes to write for it. Returns its slot, or UNKNOWN if no slot is
 * free. Both texts must stay where they are until the cache is cleared.
 */
export function insertName(source: usize, length: usize, encoded: usize, encodedBytes: usize): i32 {
  const first = firstBytes(source, length);
  const last = lastBytes(source, length);
  let slot = slotOf(first, last, length);
  for (let i: u32 = 0; i < PROBES; i += 1) {
    const entry = NAME_CACHE_FROM + slot * SLOT_BYTES;
    if (load<u32>(entry + ENCODED_BYTES) === 0) {
      store<u64>(entry + FIRST, first);
      store<u64>(entry + LAST, last);
      store<u32>(entry + LENGTH, length);
      store<u32>(entry + SOURCE, source);
      store<u32>(entry + ENCODED, encoded);
      store<u32>(entry + ENCODED_BYTES, encodedBytes);
      return i32(slot);
    }
    slot = (slot + 1) & (NAME_SLOTS - 1);
  }
  return UNKNOWN;
}

/** The address and the length of the bytes to write for the name of a slot, as one word. */
export function encodedName(slot: i32): u64 {
  return load<u64>(NAME_CACHE_FROM + usize(slot) * SLOT_BYTES + ENCODED);
}

/** Empties the cache. */
export function clearNames(): void {
  memory.fill(NAME_CACHE_FROM, 0, NAME_SLOTS * SLOT_BYTES);
}
