// Compression of batch bodies: a raw LZ4 block (no frame, no size prefix), a zlib stream (RFC 1950), one zstd frame, or
// none.
//
// A body stays uncompressed if compression would make it larger. The result always has memory of its own, because the
// memory of the open batch is used again at once.

import { deflateSync, inflateSync } from 'node:zlib';
import { messageOf } from '../errors';
import { zstd } from '../runtime/zstd';
import type { Lz4 } from './lz4-binding';

export type Codec = 'lz4' | 'zlib' | 'zstd' | 'none';

/**
 * Returns the codec for batches in memory and on disk. It is zlib for a target that sends gzip, because that target
 * compresses again.
 */
export function codecOf(compression: Codec | 'gzip'): Codec {
  return compression === 'gzip' ? 'zlib' : compression;
}

export interface Compressed {
  readonly codec: Codec;
  readonly body: Buffer;
}

/** Measured: zlib at level 1 takes half the time of level 6, for 5 % more bytes. zstd at level 3 gains nothing. */
const DEFAULT_LEVEL = 1;

/** lz4-napi writes the uncompressed size into four bytes before the block. The services expect only the block. */
const LZ4_SIZE_PREFIX_BYTES = 4;

/**
 * Returns the function that compresses with `codec`.
 * @param level of zlib and zstd
 * @param missing called once, with the reason in one line, if LZ4 cannot be loaded. There may be no binding for this
 * platform, or a bundle left it out. Then zlib is used.
 */
export function compressor(
  codec: Codec,
  missing: (reason: string) => void,
  level = DEFAULT_LEVEL,
): (raw: Buffer) => Compressed {
  if (codec === 'none') return plain;
  if (codec === 'zlib') return zlib(level);
  if (codec === 'zstd') return zstdWith(level);
  let compress: ((raw: Buffer) => Compressed) | undefined;
  return (raw) => {
    compress ??= loadLz4(missing, level);
    return compress(raw);
  };
}

function plain(raw: Buffer): Compressed {
  return { codec: 'none', body: Buffer.from(raw) };
}

function zlib(level: number): (raw: Buffer) => Compressed {
  return (raw) => smaller(raw, { codec: 'zlib', body: deflateSync(raw, { level }) });
}

/** The options do not allow zstd on a Node without it. */
function zstdWith(level: number): (raw: Buffer) => Compressed {
  const { zstdCompressSync, constants } = zstd()!;
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return (raw) => smaller(raw, { codec: 'zstd', body: zstdCompressSync(raw, { params }) });
}

function loadLz4(missing: (reason: string) => void, level: number): (raw: Buffer) => Compressed {
  try {
    const { compressSync } = lz4();
    return (raw) => smaller(raw, { codec: 'lz4', body: compressSync(raw).subarray(LZ4_SIZE_PREFIX_BYTES) });
  } catch (error) {
    // If a module is not found, Node adds one line for each file that led to it.
    missing(messageOf(error).split('\n', 1)[0]!);
    return zlib(level);
  }
}

/**
 * Loads the binding. It is called for the first record, and in Jest at the start. A failure is kept, and reported with
 * the first batch.
 */
export function loadCodec(codec: Codec): void {
  if (codec !== 'lz4') return;
  try {
    lz4();
  } catch {
    // `loaded` keeps the failure, and `compressor` reports it.
  }
}

let loaded: { readonly binding: Lz4 } | { readonly error: unknown } | undefined;

/**
 * Loads the binding once, and keeps a failure. In a webpack bundle, a second `require` of a module that failed returns
 * an empty object. The next shipper would use that object as the binding.
 */
function lz4(): Lz4 {
  if (loaded === undefined) {
    try {
      const { loadBinding } = require('#lz4') as typeof import('./lz4-binding');
      loaded = { binding: loadBinding() };
    } catch (error) {
      loaded = { error };
    }
  }
  if ('error' in loaded) throw loaded.error;
  return loaded.binding;
}

/** Returns the body before compression. @throws if the body is damaged, or if the binding for LZ4 cannot be loaded */
export function decompress({ codec, body, rawBytes }: Compressed & { readonly rawBytes: number }): Buffer {
  if (codec === 'none') return body;
  if (codec === 'zlib') return inflateSync(body, { maxOutputLength: rawBytes });
  if (codec === 'zstd') {
    const found = zstd();
    if (found === undefined) throw new Error('zstd needs Node 22.15 or later');
    return found.zstdDecompressSync(body, { maxOutputLength: rawBytes });
  }
  const { uncompressSync } = lz4();
  const prefixed = Buffer.allocUnsafe(LZ4_SIZE_PREFIX_BYTES + body.length);
  prefixed.writeUInt32LE(rawBytes);
  prefixed.set(body, LZ4_SIZE_PREFIX_BYTES);
  return uncompressSync(prefixed);
}

function smaller(raw: Buffer, compressed: Compressed): Compressed {
  return compressed.body.length < raw.length ? compressed : plain(raw);
}
