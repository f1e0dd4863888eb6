// Compresses and decompresses bodies. A body is never decompressed to more bytes than the caller allows.

import * as zlib from 'node:zlib';
import { deflateSync, inflateSync, unzipSync } from 'node:zlib';
import { decodeBlock, encodeBlock } from './lz4-block.js';

/** `lz4` is a raw block, `zlib` is RFC 1950, and `gzip` is RFC 1952 or 1950, because some clients send the latter. */
export type Codec = 'none' | 'lz4' | 'zlib' | 'gzip' | 'zstd';

/** Undefined before Node 22.15 and 23.8, whose types are not installed. */
const zstdDecompress = (zlib as unknown as { zstdDecompressSync?: typeof inflateSync }).zstdDecompressSync;

export const HAS_ZSTD = zstdDecompress !== undefined;

/** Returns the decoded bytes, or `null` if `wire` is not in this codec. Only a raw LZ4 block needs `rawBytes`. */
export function decompress(codec: Codec, wire: Buffer, rawBytes: number, maxBytes: number): Buffer | null {
  if (codec === 'none') return wire;
  if (codec === 'lz4') return decodeBlock(wire, rawBytes);
  try {
    const open = codec === 'zstd' ? zstdDecompress! : codec === 'zlib' ? inflateSync : unzipSync;
    const { buffer, engine } = open(wire, { maxOutputLength: maxBytes, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    // A body is exactly one stream. zlib would ignore bytes behind its end.
    return engine.bytesWritten === wire.length ? buffer : null;
  } catch {
    return null;
  }
}

export function compress(codec: Exclude<Codec, 'gzip' | 'zstd'>, raw: Buffer): Buffer {
  if (codec === 'none') return raw;
  return codec === 'lz4' ? encodeBlock(raw) : deflateSync(raw);
}
