// Reads the body of a request to SLS: its bytes before compression, or a refusal.
//
// It is never decompressed to more bytes than the limit allows, whatever its headers claim.

import { isRefusal, type Refusal } from '../answer.js';
import { type Codec, decompress, HAS_ZSTD } from '../codec.js';
import { type ApiRequest, header } from '../request.js';
import { refuse, shown } from './refusal.js';

export interface OpenedBody {
  readonly codec: Codec;
  readonly raw: Buffer;
}

/** The codecs of a signed write, by their documented names. The vendor's clients also send zstd. */
export const WRITE_CODECS: Readonly<Record<string, Codec>> = {
  ...{ lz4: 'lz4', deflate: 'zlib' },
  ...(HAS_ZSTD ? { zstd: 'zstd' } : {}),
};

/** `rawSize: 'required'` requires x-log-bodyrawsize. Otherwise only a compressed body needs it. */
export function openBody(
  request: ApiRequest,
  codecs: Readonly<Record<string, Codec>>,
  maxBytes: number,
  rawSize: 'required' | 'optional',
): OpenedBody | Refusal {
  const name = header(request, 'x-log-compresstype');
  const codec = name === undefined ? 'none' : Object.hasOwn(codecs, name) ? codecs[name]! : null;
  if (codec === null) return refuse('InvalidCompressType', `x-log-compresstype ${shown(name!)} is unsupported.`);
  const rawBytes = readRawSize(request, codec, rawSize);
  if (isRefusal(rawBytes)) return rawBytes;
  if (rawBytes > maxBytes) return refuse('PostBodyTooLarge', `The body is larger than ${maxBytes} bytes.`);
  const raw = decompress(codec, request.body, rawBytes, maxBytes);
  if (raw === null) {
    return refuse('PostBodyUncompressError', `The body is not a ${name} stream of ${rawBytes} bytes.`);
  }
  if (raw.length !== rawBytes) {
    return refuse('InvalidBodyRawSize', `x-log-bodyrawsize is ${rawBytes}, but the body has ${raw.length} bytes.`);
  }
  return { codec, raw };
}

function readRawSize(request: ApiRequest, codec: Codec, rawSize: 'required' | 'optional'): number | Refusal {
  const claimed = header(request, 'x-log-bodyrawsize');
  if (claimed === undefined) {
    return rawSize === 'optional' && codec === 'none' ? request.body.length : refuse('MissingBodyRawSize');
  }
  return /^\d{1,15}$/.test(claimed)
    ? Number(claimed)
    : refuse('InvalidBodyRawSize', `x-log-bodyrawsize ${shown(claimed)} is not a number of bytes.`);
}
