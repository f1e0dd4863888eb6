// PostLogStoreLogs: checks a write whose signature is valid. A request is accepted or refused as a whole.

import { isRefusal, type Refusal, unrefused } from '../answer.js';
import { decompress } from '../codec.js';
import type { AcceptedRequest, Ledger } from '../ledger.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter, type RequestHead } from '../request.js';
import { type OpenedBody, openBody, WRITE_CODECS } from './body.js';
import { decodeJsonGroup } from './json-group.js';
import { checkLimits, maxBodyBytesOf } from './limits.js';
import { type Place, storeToWrite } from './place.js';
import { refuse, shown } from './refusal.js';
import { decodeGroup } from './schema.js';

/** A write, with everything that its checks need. */
export interface Writing {
  readonly request: ApiRequest;
  readonly place: Place;
  readonly ledger: Ledger;
  readonly options: ResolvedOptions;
  readonly nowMs: number;
}

/** One SDK has a signed 32-bit integer. */
const MAX_SEQUENCE_ID = 2 ** 31 - 1;

type Decode = (raw: Buffer) => LogGroup | Refusal;

export function acceptPutLogs(writing: Writing): AcceptedRequest | Refusal {
  const { request, place, options } = writing;
  const decode = decoderOf(header(request, 'content-type'));
  if (isRefusal(decode)) return decode;
  const hashKey = hashKeyOf(request, place);
  const wrongKey = hashKeyProblem(hashKey, place);
  if (wrongKey !== null) return refuse('ParameterInvalid', wrongKey);
  const sequenceId = sequenceIdOf(request, place);
  if (isRefusal(sequenceId)) return sequenceId;
  const opened = openBody(request, WRITE_CODECS, maxBodyBytesOf(options), 'required');
  if (isRefusal(opened)) return opened;
  const accepted = acceptBody(writing, hashKey, opened, decode);
  return isRefusal(accepted) || sequenceId === undefined ? accepted : acceptOnce(accepted, sequenceId);
}

/** Accepts only an id above the last one that was written under this hash key. */
function acceptOnce(accepted: AcceptedRequest, sequenceId: number): AcceptedRequest | Refusal {
  const { store, hashKey } = accepted;
  const last = store.sequenceIds.get(hashKey.toLowerCase()) ?? 0;
  if (sequenceId > last) return { ...accepted, sequenceId };
  return refuse('InvalidSequenceId', `The sequence id ${sequenceId} is not above ${last}, the last one of its key.`);
}

/** The common part of a signed and an anonymous write, after the body was decompressed. */
export function acceptBody(
  writing: Writing,
  hashKey: string,
  { codec, raw }: OpenedBody,
  decode: Decode,
): AcceptedRequest | Refusal {
  const group = decode(raw);
  if (isRefusal(group)) return group;
  const wire = writing.request.body;
  const rawBytes = raw.length;
  // Only the bytes as sent are kept. They were decoded without an error, so they can be decoded again.
  const read = (): LogGroup[] => [unrefused(decode(decompress(codec, wire, rawBytes, rawBytes)!))];
  return acceptGroup(writing, hashKey, group, rawBytes, read);
}

export function acceptGroup(
  { request, place, ledger, options, nowMs }: Writing,
  hashKey: string,
  group: LogGroup,
  rawBytes: number,
  read: () => LogGroup[],
): AcceptedRequest | Refusal {
  const beyond = checkLimits(group, options, nowMs);
  if (beyond) return beyond;
  const store = storeToWrite(ledger, place, options.logstores);
  if (isRefusal(store)) return store;
  return {
    store,
    service: 'sls',
    project: place.project,
    logstore: place.logstore,
    topicId: '',
    shard: hashKey === '' ? store.shards.balanced() : store.shards.byHashKey(hashKey),
    hashKey,
    requestId: request.requestId,
    // A request without a body writes its query.
    wireBytes: request.body.length || rawBytes,
    rawBytes,
    logCounts: [group.logs.length],
    read,
    arrivedAtMs: nowMs,
  };
}

/** The logs of a request, if it can be decoded. */
export function peekPutLogs(request: ApiRequest, options: ResolvedOptions): readonly LogGroup[] | null {
  const decode = decoderOf(header(request, 'content-type'));
  if (isRefusal(decode)) return null;
  const opened = openBody(request, WRITE_CODECS, maxBodyBytesOf(options), 'required');
  if (isRefusal(opened)) return null;
  const group = decode(opened.raw);
  return isRefusal(group) ? null : [group];
}

/** The hash key: `key` in the query of the documented path, or a header in the form of 2017, where `''` means none. */
export function hashKeyOf(head: RequestHead, { resource }: Pick<Place, 'resource'>): string {
  return (resource === 'route' ? parameter(head, 'key') : header(head, 'x-log-hashkey')) ?? '';
}

/** `seqid` in the query of the path with a hash key: a whole number of 31 bits. `undefined` if there is none. */
function sequenceIdOf(request: RequestHead, { resource }: Place): number | undefined | Refusal {
  const text = parameter(request, 'seqid');
  if (text === undefined) return undefined;
  if (resource !== 'route') return refuse('ParameterInvalid', 'A seqid needs the path /shards/route and a key.');
  const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  const isId = id >= 1 && id <= MAX_SEQUENCE_ID;
  return isId ? id : refuse('ParameterInvalid', `The seqid ${shown(text)} is not a whole number from 1 to 2147483647.`);
}

function hashKeyProblem(hashKey: string, { resource }: Place): string | null {
  if (hashKey === '') return resource === 'route' ? 'The query has no key.' : null;
  if (!/^[0-9a-fA-F]{32}$/.test(hashKey)) return `The hash key ${shown(hashKey)} is not 32 hex digits.`;
  return /^f{32}$/i.test(hashKey) ? `The range of hash keys ends before ${shown(hashKey)}.` : null;
}

function decoderOf(contentType: string | undefined): Decode | Refusal {
  if (contentType === undefined) return refuse('MissingContentType');
  if (contentType === 'application/x-protobuf') return decodeGroup;
  if (contentType === 'application/json') return (raw) => decodeJsonGroup(raw);
  return refuse('InvalidContentType', `Content-Type ${shown(contentType)} is unsupported.`);
}
