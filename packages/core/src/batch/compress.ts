// A body made smaller, and whole again.
// Takes: the bytes of a body. Gives: the same as a raw LZ4 block (no frame, no size in front), as a zlib stream
// (RFC 1950), or plain; always in memory of its own, for the batch's buffer is used again at once.
// Keeps: the LZ4 binding, loaded when it is first needed. Never: a body that compression has made larger.

import { deflateSync, inflateSync } from 'node:zlib';

export type Codec = 'lz4' | 'zlib' | 'none';

/** What waits is compressed with: gzip is one target's word on the way out, and the like of it is kept. */
export function codecOf(compression: Codec | 'gzip'): Codec {
  return compression === 'gzip' ? 'zlib' : compression;
}

export interface Compressed {
  readonly codec: Codec;
  readonly body: Buffer;
}

/** lz4-napi puts the uncompressed size in four bytes before the block; the service wants the block alone. */
const LZ4_SIZE_PREFIX_BYTES = 4;

/**
 * The compression for `codec`.
 * @param missing called once if no LZ4 binding exists for this platform, with the reason; zlib is used then.
 */
export function compressor(codec: Codec, missing: (reason: string) => void): (raw: Buffer) => Compressed {
  if (codec === 'none') return plain;
  if (codec === 'zlib') return zlib;
  let compress: ((raw: Buffer) => Compressed) | undefined;
  return (raw) => {
    compress ??= loadLz4(missing);
    return compress(raw);
  };
}

function plain(raw: Buffer): Compressed {
  return { codec: 'none', body: Buffer.from(raw) };
}

function zlib(raw: Buffer): Compressed {
  // Level 1: in the measurements of the protocol notes half the time of level 6 for a twentieth more bytes.
  return smaller(raw, { codec: 'zlib', body: deflateSync(raw, { level: 1 }) });
}

function loadLz4(missing: (reason: string) => void): (raw: Buffer) => Compressed {
  try {
    const { compressSync } = require('lz4-napi') as typeof import('lz4-napi');
    return (raw) => smaller(raw, { codec: 'lz4', body: compressSync(raw).subarray(LZ4_SIZE_PREFIX_BYTES) });
  } catch (error) {
    missing(error instanceof Error ? error.message : String(error));
    return zlib;
  }
}

/** The body before compression. @throws if it is not what it says it is */
export function decompress({ codec, body, rawBytes }: Compressed & { readonly rawBytes: number }): Buffer {
  if (codec === 'none') return body;
  if (codec === 'zlib') return inflateSync(body, { maxOutputLength: rawBytes });
  const { uncompressSync } = require('lz4-napi') as typeof import('lz4-napi');
  const prefixed = Buffer.allocUnsafe(LZ4_SIZE_PREFIX_BYTES + body.length);
  prefixed.writeUInt32LE(rawBytes);
  prefixed.set(body, LZ4_SIZE_PREFIX_BYTES);
  return uncompressSync(prefixed);
}

function smaller(raw: Buffer, compressed: Compressed): Compressed {
  return compressed.body.length < raw.length ? compressed : plain(raw);
}
