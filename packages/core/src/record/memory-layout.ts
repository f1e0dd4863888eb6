// The memory that the transcoder and its WebAssembly share: what lies where, and what a row is.
//
// AssemblyScript also compiles this file, for wasm/, so it contains only numbers.
//
//   | the compiler's | name cache | its names | work area | input buffer | batch ...
//   0                4 K          20 K        32 K        64 K           160 K
//
// A reader of text can write the text into the input buffer. Text in any other place is first copied to the work area.

export const NAME_CACHE_FROM = 4 * 1024;
/** Slots of the name cache, 32 bytes each. */
export const NAME_SLOTS = 512;
export const NAMES_FROM = 20 * 1024;
export const NAMES_TO = 32 * 1024;
export const WORK_FROM = 32 * 1024;
export const WORK_TO = 64 * 1024;
export const INPUT_FROM = 64 * 1024;
export const INPUT_BYTES = 96 * 1024;
export const BATCH_FROM = 160 * 1024;
/** WebAssembly reads and writes up to this many bytes behind the ranges that it receives. */
export const OVERRUN_BYTES = 32;

// A row describes one field of a record. Its columns are words of four bytes.

/** The slot of the field's name in the name cache, or UNKNOWN or UNKNOWN_ESCAPED. */
export const SLOT = 0;
/** The address of the bytes to write for the name, or of its JSON text if the name is not in the cache. */
export const NAME = 1;
/** The length of the bytes to write for the name, or the end of its JSON text if the name is not in the cache. */
export const NAME_TO = 2;
/** What the value is: one of the kinds below. */
export const KIND = 3;
/** The address of the value. A string is without its quotes. */
export const VALUE = 4;
/** The end of the value. */
export const VALUE_TO = 5;
export const ROW_WORDS = 6;

/** In SLOT: the name is not in the cache. */
export const UNKNOWN = -1;
/** In SLOT: the name has an escape, so it was not looked up. */
export const UNKNOWN_ESCAPED = -2;

/** In KIND: the field is not written. */
export const DROPPED = 0;
/** In KIND: `true`, `false` or `null`. */
export const WORD = 1;
export const NUMBER = 2;
/** In KIND: an object or an array. */
export const NESTED = 3;
export const STRING = 4;
/** In KIND: a string with at least one escape. */
export const ESCAPED = 5;

/** Instead of a number of rows: the text is not a JSON object. */
export const NO_OBJECT = -1;
/** Instead of a number of rows: there is no room for all of them. */
export const FULL = -2;
