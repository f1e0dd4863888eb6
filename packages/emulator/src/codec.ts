// Takes: bytes and the name of how they are, or are to be, compressed. Gives: the other form. Keeps: nothing.
// Never: decodes to more bytes than it was allowed, whatever a body claims.
import { deflateSync, inflateSync, unzipSync } from 'node:zlib';
import { decodeBlock, encodeBlock } from './lz4-block.js';

/** `lz4` is a raw block, `zlib` is RFC 1950, `gzip` is RFC 1952 or, as some clients understand the word, RFC 1950. */
export type Codec = 'none' | 'lz4' | 'zlib' | 'gzip';

/** Gives the decoded bytes, or `null` when `wire` is not what `codec` says. Only a raw LZ4 block needs `rawBytes`. */
export function decompress(codec: Codec, wire: Buffer, rawBytes: number, maxBytes: number): Buffer | null {
  if (codec === 'none') return wire;
  if (codec === 'lz4') return decodeBlock(wire, rawBytes);
  try {
    const open = codec === 'zlib' ? inflateSync : unzipSync;
    const { buffer, engine } = open(wire, { maxOutputLength: maxBytes, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    // Bytes after the stream's end would be ignored by zlib; a body is one stream and nothing else.
    return engine.bytesWritten === wire.length ? buffer : null;
  } catch {
    return null;
  }
}

export function compress(codec: Exclude<Codec, 'gzip'>, raw: Buffer): Buffer {
  if (codec === 'none') return raw;
  return codec === 'lz4' ? encodeBlock(raw) : deflateSync(raw);
}
