// PutWebtracking: checks an anonymous write to a Logstore's /track. The service replaces the time of a log by that of
// arrival.

import { isRefusal, type Refusal } from '../answer.js';
import type { Codec } from '../codec.js';
import type { AcceptedRequest } from '../ledger.js';
import type { KeyValue, LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter } from '../request.js';
import { openBody } from './body.js';
import { type Anonymous, decodeJsonGroup } from './json-group.js';
import { maxBodyBytesOf } from './limits.js';
import { storeName } from './place.js';
import { acceptBody, acceptGroup, type Writing } from './put-logs.js';
import { refuse } from './refusal.js';
import { groupOf } from './schema.js';

// The documentation of 2019 has gzip, but clients that use the name send the zlib format.
const TRACK_CODECS: Readonly<Record<string, Codec>> = { lz4: 'lz4', deflate: 'zlib', gzip: 'gzip' };
// The documented maximum of the one log that a query can contain.
const MAX_QUERY_BYTES = 16 * 1024;

export function acceptTrack(writing: Writing): AcceptedRequest | Refusal {
  const { request, place, options, nowMs } = writing;
  if (request.query === null) return refuse('ParameterInvalid', 'The query is not valid percent-encoding.');
  const wrong = checkVersion(request);
  if (wrong) return wrong;
  if (options.webTrackingOff.includes(storeName(place))) {
    return refuse('Unauthorized', `Web tracking is off for the Logstore ${place.logstore}.`);
  }
  if (request.method === 'GET') return acceptQuery(writing);
  const opened = openTrack(request, options);
  return isRefusal(opened)
    ? opened
    : acceptBody(writing, '', opened, (raw) => decodeJsonGroup(raw, anonymous(request, nowMs)));
}

export function peekTrack(request: ApiRequest, options: ResolvedOptions): readonly LogGroup[] | null {
  if (request.method === 'GET') return [queryGroup(request, 0)];
  const opened = openTrack(request, options);
  if (isRefusal(opened)) return null;
  const group = decodeJsonGroup(opened.raw, anonymous(request, 0));
  return isRefusal(group) ? null : [group];
}

/** A browser has to ask before it may send headers, so its requests have the version in the query. */
function checkVersion(request: ApiRequest): Refusal | null {
  const version = header(request, 'x-log-apiversion') ?? parameter(request, 'APIVersion');
  if (version === undefined) return refuse('MissingAPIVersion');
  return version === '0.6.0' ? null : refuse('InvalidAPIVersion');
}

/** The browser's form, with the version in the query, may leave out what the documents require: its SDK does. */
function anonymous(request: ApiRequest, arrivedAtMs: number): Anonymous {
  return { arrivedAtMs, isStrict: header(request, 'x-log-apiversion') !== undefined };
}

function openTrack(request: ApiRequest, options: ResolvedOptions): ReturnType<typeof openBody> {
  const rawSize = header(request, 'x-log-apiversion') === undefined ? 'optional' : 'required';
  return openBody(request, TRACK_CODECS, maxBodyBytesOf(options), rawSize);
}

function acceptQuery(writing: Writing): AcceptedRequest | Refusal {
  const { request, nowMs } = writing;
  const group = queryGroup(request, nowMs);
  // Each pair, with its = and &.
  const bytes = (request.query ?? []).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value) + 2, 0);
  if (bytes > MAX_QUERY_BYTES) return refuse('PostBodyTooLarge', `The query is larger than ${MAX_QUERY_BYTES} bytes.`);
  return acceptGroup(writing, '', group, bytes, () => [group]);
}

function queryGroup({ query }: ApiRequest, nowMs: number): LogGroup {
  const pairs = query ?? [];
  const firstOf = (name: string): string => pairs.find(([key]) => key === name)?.[1] ?? '';
  const contents: KeyValue[] = pairs
    .filter(([key]) => !['APIVersion', '__topic__', '__source__'].includes(key))
    .map(([key, value]) => ({ key, value }));
  const log = { time: Math.floor(nowMs / 1000), timeNs: null, contents };
  return groupOf({ topic: firstOf('__topic__'), source: firstOf('__source__'), tags: [], logs: [log] });
}
