// A row of the table that wasm/record.ts makes of a record's fields and writes out again, in words of four bytes.

/** The slot of the field's name in the cache, or -1, or for a name with an escape -2. */
export const SLOT = 0;
/** Of a cached name: where the bytes to write for it stand, and how many; else its source's start and end. */
export const NAME = 1;
export const NAME_TO = 2;
export const KIND = 3;
/** The value's start and end: of a string without its quotes. */
export const VALUE = 4;
export const VALUE_TO = 5;
export const ROW_WORDS = 6;
export const ROW_BYTES = 4 * ROW_WORDS;

export const UNKNOWN_ESCAPED = -2;

// Kinds.
export const DROPPED = 0;
export const NUMBER = 2;
export const NESTED = 3;
export const STRING = 4;
export const ESCAPED = 5;

/** Instead of a number of rows: there were more than there was room for. */
export const FULL = -2;
