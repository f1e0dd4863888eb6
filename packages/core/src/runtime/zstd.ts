// The part of zlib that not every version of Node has: zstd came with 22.15 and 23.8.

/** The types of Node 20 do not declare it. */
export interface Zstd {
  readonly zstdCompressSync: (raw: Buffer, options: { params: Readonly<Record<number, number>> }) => Buffer;
  readonly zstdDecompressSync: (body: Buffer, options: { maxOutputLength: number }) => Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

/**
 * Returns undefined if this version of Node has none. zlib is loaded only now: that takes milliseconds, and the thread
 * of an application with a worker compresses nothing.
 */
export function zstd(): Zstd | undefined {
  const zlib = process.getBuiltinModule('node:zlib');
  return 'zstdCompressSync' in zlib ? (zlib as unknown as Zstd) : undefined;
}
