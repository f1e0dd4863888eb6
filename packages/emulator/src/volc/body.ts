// Reads the body of a request to TLS: the bytes of a LogGroupList, or a refusal.
//
// It is never decompressed to more bytes than the limit allows, whatever its headers claim.

import type { Refusal } from '../answer.js';
import { isMd5Of } from '../body-md5.js';
import { type Codec, decompress } from '../codec.js';
import { type ApiRequest, header } from '../request.js';
import { invalidArgument, refuse } from './refusal.js';

export interface OpenedBody {
  readonly codec: Codec;
  readonly raw: Buffer;
}

export function openBody(request: ApiRequest, maxBytes: number): OpenedBody | Refusal {
  const md5 = header(request, 'content-md5');
  if (md5 !== undefined) {
    if (!/^[0-9a-fA-F]{32}$/.test(md5)) return invalidArgument('Content-MD5', md5, 'the form is 32 hex digits');
    if (!isMd5Of(md5, request.body)) return refuse('ErrLogMD5CheckFailed');
  }
  const codec = header(request, 'x-tls-compresstype') ?? 'none';
  if (codec !== 'none' && codec !== 'lz4' && codec !== 'zlib') return invalidArgument('x-tls-compresstype', codec);

  const claimed = header(request, 'x-tls-bodyrawsize') ?? '';
  if (!/^\d{1,15}$/.test(claimed)) return invalidArgument('x-tls-bodyrawsize', claimed, 'a decimal number of bytes');
  const rawBytes = Number(claimed);
  if (rawBytes > maxBytes) return refuse('LogGroupListSizeTooLarge');
  const raw = decompress(codec, request.body, rawBytes, maxBytes);
  if (raw === null)
    return refuse('DeserializeFailed', `Deserialization failed: the body is not a ${codec} stream of that size.`);
  if (raw.length > maxBytes) return refuse('LogGroupListSizeTooLarge');
  if (raw.length !== rawBytes) {
    return invalidArgument('x-tls-bodyrawsize', claimed, `the body decodes to ${raw.length} bytes`);
  }
  return { codec, raw };
}
