// The part of lz4js 0.2.0 the emulator calls; the package has no types of its own.
declare module 'lz4js' {
  export function compressBound(sizeBytes: number): number;
  /** Gives the number of bytes written, or 0 when the input has no repetition it could use. */
  export function compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    sourceStart: number,
    sourceBytes: number,
    hashTable: Uint32Array,
  ): number;
  /** Checks nothing: lengths and offsets of the block are followed wherever they lead. */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    sourceStart: number,
    sourceBytes: number,
    targetStart: number,
  ): number;
}
