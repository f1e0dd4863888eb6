// A body made smaller, and whole again.
// Takes: the bytes of a body. Gives: the same as a raw LZ4 block (no frame, no size in front), as a zlib stream
// (RFC 1950), or plain; always in memory of its own, for the batch's buffer is used again at once.
// Keeps: the LZ4 binding, loaded when it is first needed, or why there is none. Never: a body that compression has made
// larger.

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
 * @param missing called once if no LZ4 can be loaded (no binding for this platform, or left out of a bundle), with the
 * reason in one line; zlib is used then.
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
    const { compressSync } = lz4();
    return (raw) => smaller(raw, { codec: 'lz4', body: compressSync(raw).subarray(LZ4_SIZE_PREFIX_BYTES) });
  } catch (error) {
    // Node adds the files that led to a module it does not find, a line for each.
    missing(String(error instanceof Error ? error.message : error).split('\n', 1)[0]!);
    return zlib;
  }
}

type Lz4 = typeof import('lz4-napi');

let loaded: { readonly binding: Lz4 } | { readonly error: unknown } | undefined;

/**
 * Asked for once, and what came of it is kept: in a bundle of webpack's a module that could not be loaded is an empty
 * one when it is asked for again, and the next shipper would take it for the binding.
 */
function lz4(): Lz4 {
  if (loaded === undefined) {
    try {
      loaded = { binding: require('lz4-napi') as Lz4 };
    } catch (error) {
      loaded = { error };
    }
  }
  if ('error' in loaded) throw loaded.error;
  return loaded.binding;
}

/** The body before compression. @throws if it is not what it says it is */
export function decompress({ codec, body, rawBytes }: Compressed & { readonly rawBytes: number }): Buffer {
  if (codec === 'none') return body;
  if (codec === 'zlib') return inflateSync(body, { maxOutputLength: rawBytes });
  const { uncompressSync } = lz4();
  const prefixed = Buffer.allocUnsafe(LZ4_SIZE_PREFIX_BYTES + body.length);
  prefixed.writeUInt32LE(rawBytes);
  prefixed.set(body, LZ4_SIZE_PREFIX_BYTES);
  return uncompressSync(prefixed);
}

function smaller(raw: Buffer, compressed: Compressed): Compressed {
  return compressed.body.length < raw.length ? compressed : plain(raw);
}
