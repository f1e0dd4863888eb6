// The part of zlib that not every version of Node has: zstd came with 22.15 and 23.8.

import * as zlib from 'node:zlib';

/** The types of Node 20 do not declare it. */
export interface Zstd {
  readonly zstdCompressSync: (raw: Buffer, options: { params: Readonly<Record<number, number>> }) => Buffer;
  readonly zstdDecompressSync: (body: Buffer, options: { maxOutputLength: number }) => Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

/** Undefined if this version of Node has none. */
export const zstd = 'zstdCompressSync' in zlib ? (zlib as unknown as Zstd) : undefined;
