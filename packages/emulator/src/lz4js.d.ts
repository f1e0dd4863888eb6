// Types of the part of lz4js 0.2.0 that the emulator calls. The package has no types of its own.

declare module 'lz4js' {
  export function compressBound(sizeBytes: number): number;
  /** Returns the number of bytes written, or 0 if the input has no usable repetition. */
  export function compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    sourceStart: number,
    sourceBytes: number,
    hashTable: Uint32Array,
  ): number;
  /** Does not check the lengths and offsets of the block. */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    sourceStart: number,
    sourceBytes: number,
    targetStart: number,
  ): number;
}
