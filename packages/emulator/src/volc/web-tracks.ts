// WebTracks: checks an anonymous write. A log has no time of its own here: the service sets the time of arrival.

import { isRefusal, type Refusal, unrefused } from '../answer.js';
import { decompress } from '../codec.js';
import type { AcceptedRequest, Ledger } from '../ledger.js';
import type { KeyValue, LogGroup, StoredLog } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter } from '../request.js';
import { type OpenedBody, openBody } from './body.js';
import { keyProblem, MAX_LOGS_PER_GROUP, maxBodyBytesOf } from './limits.js';
import { invalidArgument, refuse } from './refusal.js';

export function acceptWebTracks(
  request: ApiRequest,
  ledger: Ledger,
  options: ResolvedOptions,
  nowMs: number,
): AcceptedRequest | Refusal {
  const project = parameter(request, 'ProjectId') ?? '';
  if (project === '') return invalidArgument('ProjectId', '');
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const contentType = header(request, 'content-type') ?? '';
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(contentType)) {
    return invalidArgument('Content-Type', contentType);
  }
  if (options.webTrackingOff.includes(topicId)) return refuse('AccessDenied', 'Web tracking is off for this topic.');
  const opened = openJson(request, options);
  if (isRefusal(opened)) return opened;
  const group = decodeTracks(opened.raw, nowMs);
  if (isRefusal(group)) return group;
  const beyond = checkTracks(group, options);
  if (beyond) return beyond;

  const store = ledger.storeToWrite('tls', topicId);
  if (!store) return refuse('TopicNotExist');
  const { body: wire, requestId } = request;
  const rawBytes = opened.raw.length;
  const { codec } = opened;
  return {
    store,
    service: 'tls',
    project,
    logstore: '',
    topicId,
    shard: store.shards.balanced(),
    hashKey: '',
    requestId,
    wireBytes: wire.length,
    rawBytes,
    logCounts: [group.logs.length],
    read: () => [unrefused(decodeTracks(decompress(codec, wire, rawBytes, rawBytes)!, nowMs))],
    arrivedAtMs: nowMs,
  };
}

export function peekWebTracks(request: ApiRequest, options: ResolvedOptions): readonly LogGroup[] | null {
  const opened = openJson(request, options);
  if (isRefusal(opened)) return null;
  const group = decodeTracks(opened.raw, 0);
  return isRefusal(group) ? null : [group];
}

function openJson(request: ApiRequest, options: ResolvedOptions): OpenedBody | Refusal {
  const codec = header(request, 'x-tls-compresstype');
  return codec === 'zlib'
    ? invalidArgument('x-tls-compresstype', codec, 'WebTracks takes lz4 or none')
    : openBody(request, maxBodyBytesOf(options));
}

function decodeTracks(raw: Buffer, nowMs: number): LogGroup | Refusal {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    return refuse('DeserializeFailed', 'Deserialization failed: the body is not JSON in UTF-8.');
  }
  if (!isObject(body)) return refuse('DeserializeFailed', 'Deserialization failed: the body is not a JSON object.');
  const { Logs: list, Source: source = '', ...others } = body;
  const odd = Object.keys(others)[0];
  if (odd !== undefined) return invalidArgument(odd, String(others[odd]), 'WebTracks has no such field');
  if (typeof source !== 'string') return invalidArgument('Source', String(source), 'not a string');
  if (!Array.isArray(list)) return invalidArgument('Logs', String(list), 'not a list');
  const logs: StoredLog[] = [];
  for (const [at, log] of list.entries()) {
    const contents = readContents(log, at);
    if (isRefusal(contents)) return contents;
    logs.push({ time: nowMs, timeNs: null, contents });
  }
  return { source, topic: '', fileName: '', packId: '', tags: [], logs };
}

function readContents(log: unknown, at: number): KeyValue[] | Refusal {
  if (!isObject(log)) return invalidArgument('Logs', String(log), `log ${at} is not a JSON object`);
  const contents: KeyValue[] = [];
  for (const [key, value] of Object.entries(log)) {
    if (typeof value !== 'string') return invalidArgument(key, String(value), `log ${at}: not a string`);
    contents.push({ key, value });
  }
  return contents;
}

function checkTracks({ logs }: LogGroup, { maxLogBytes }: ResolvedOptions): Refusal | null {
  if (logs.length === 0) return invalidArgument('Logs', '', 'the request has no log');
  if (logs.length > MAX_LOGS_PER_GROUP) return refuse('TooManyLogs');
  for (const [at, { contents }] of logs.entries()) {
    const bytes = contents.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
    if (bytes > maxLogBytes) return refuse('LogSizeTooLarge');
    for (const { key } of contents) {
      const wrong = keyProblem(key);
      if (wrong !== null) return invalidArgument('Key', key, `log ${at}: ${wrong}`);
    }
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
