// Takes: a body as sent and the headers that describe it. Gives: the LogGroupList's bytes, or a refusal.
// Keeps: nothing. Never: decodes to more bytes than the limit allows, whatever the headers or the body claim.
import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { invalidArgument, type Refusal, refuse } from './answer.js';
import { MAX_RAW_BYTES } from './limits.js';
import { decodeBlock, encodeBlock } from './lz4-block.js';
import { type ApiRequest, header } from './request.js';

export type Codec = 'none' | 'lz4' | 'zlib';

export interface OpenedBody {
  readonly codec: Codec;
  readonly raw: Buffer;
}

export function openBody(request: Omit<ApiRequest, 'requestId'>): OpenedBody | Refusal {
  const md5 = header(request, 'content-md5');
  if (md5 !== undefined) {
    if (!/^[0-9a-fA-F]{32}$/.test(md5)) return invalidArgument('Content-MD5', md5, 'the form is 32 hex digits');
    if (md5.toLowerCase() !== createHash('md5').update(request.body).digest('hex'))
      return refuse('ErrLogMD5CheckFailed');
  }
  const codec = header(request, 'x-tls-compresstype') ?? 'none';
  if (codec !== 'none' && codec !== 'lz4' && codec !== 'zlib') return invalidArgument('x-tls-compresstype', codec);

  const claimed = header(request, 'x-tls-bodyrawsize') ?? '';
  if (!/^\d{1,15}$/.test(claimed)) return invalidArgument('x-tls-bodyrawsize', claimed, 'a decimal number of bytes');
  const rawBytes = Number(claimed);
  if (rawBytes > MAX_RAW_BYTES) return refuse('LogGroupListSizeTooLarge');
  const raw = decompress(codec, request.body, rawBytes);
  if (raw === null)
    return refuse('DeserializeFailed', `Deserialization failed: the body is not a ${codec} stream of that size.`);
  if (raw.length > MAX_RAW_BYTES) return refuse('LogGroupListSizeTooLarge');
  if (raw.length !== rawBytes) {
    return invalidArgument('x-tls-bodyrawsize', claimed, `the body decodes to ${raw.length} bytes`);
  }
  return { codec, raw };
}

/** Gives the decoded bytes, or `null` when `wire` is not what `codec` says. Only a raw LZ4 block needs `rawBytes`. */
export function decompress(codec: Codec, wire: Buffer, rawBytes: number): Buffer | null {
  if (codec === 'none') return wire;
  if (codec === 'lz4') return decodeBlock(wire, rawBytes);
  try {
    const { buffer, engine } = inflateSync(wire, { maxOutputLength: MAX_RAW_BYTES, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    // Bytes after the stream's end would be ignored by zlib; a body is one stream and nothing else.
    return engine.bytesWritten === wire.length ? buffer : null;
  } catch {
    return null;
  }
}

export function compress(codec: Codec, raw: Buffer): Buffer {
  if (codec === 'none') return raw;
  return codec === 'lz4' ? encodeBlock(raw) : deflateSync(raw);
}
