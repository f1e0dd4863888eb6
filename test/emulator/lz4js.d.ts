// The part of lz4js 0.2.0 the tests call; the package has no types of its own.
declare module 'lz4js' {
  export function compressBound(sizeBytes: number): number;
  export function compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    sourceStart: number,
    sourceBytes: number,
    hashTable: Uint32Array,
  ): number;
}
