// PutLogs: checks a write whose signature is valid. A request is accepted or refused as a whole.

import { isRefusal, type Refusal, unrefused } from '../answer.js';
import { decompress } from '../codec.js';
import type { AcceptedRequest, Ledger } from '../ledger.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter } from '../request.js';
import { openBody } from './body.js';
import { checkLimits, maxBodyBytesOf } from './limits.js';
import { invalidArgument, refuse } from './refusal.js';
import { decodeGroups, storedGroups, timeOf, type WireLogGroup } from './schema.js';

export function acceptPutLogs(
  request: ApiRequest,
  ledger: Ledger,
  options: ResolvedOptions,
  nowMs: number,
): AcceptedRequest | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const contentType = header(request, 'content-type') ?? '';
  if (contentType.toLowerCase() !== 'application/x-protobuf') return invalidArgument('Content-Type', contentType);
  // Clients that use load balancing send an empty header (the Go SDK) or none.
  const hashKey = header(request, 'x-tls-hashkey') ?? '';
  if (hashKey !== '' && !/^[0-9a-fA-F]{1,32}$/.test(hashKey)) {
    return invalidArgument('x-tls-hashkey', hashKey, 'the form is up to 32 hex digits');
  }
  if (/^f{32}$/i.test(hashKey))
    return invalidArgument('x-tls-hashkey', hashKey, 'the range of hash keys ends before it');

  const opened = openBody(request, maxBodyBytesOf(options));
  if (isRefusal(opened)) return opened;
  const groups = decodeGroups(opened.raw);
  if (isRefusal(groups)) return groups;
  const beyond = checkLimits(groups, opened.raw, options);
  if (beyond) return beyond;

  const untrue = checkStatistics(request, groups);
  if (untrue) return untrue;

  const store = ledger.storeToWrite('tls', topicId);
  if (!store) return refuse('TopicNotExist');
  const shard = hashKey === '' ? store.shards.balanced() : store.shards.byHashKey(hashKey);
  const { codec } = opened;
  const { body: wire, requestId } = request;
  const rawBytes = opened.raw.length;
  return {
    store,
    service: 'tls',
    project: '',
    logstore: '',
    topicId,
    shard,
    hashKey,
    requestId,
    wireBytes: wire.length,
    rawBytes,
    logCounts: groups.map(({ Logs }) => Logs.length),
    // Only the bytes as sent are kept. They were decoded without an error, so they can be decoded again.
    read: () => storedGroups(unrefused(decodeGroups(decompress(codec, wire, rawBytes, rawBytes)!))),
    arrivedAtMs: nowMs,
  };
}

/**
 * Checks the headers with which a client describes its logs, so that the service need not unpack them. They are
 * optional, and must be true.
 */
function checkStatistics(request: ApiRequest, groups: readonly WireLogGroup[]): Refusal | null {
  const times = groups.flatMap(({ Logs }) => Logs.map((log) => inMilliseconds(timeOf(log))));
  const min = (all: readonly number[]) => all.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const facts = {
    'log-count': times.length,
    'earliest-log-time': min(times),
    'latest-log-time': -min(times.map((ms) => -ms)),
  };
  for (const [name, fact] of Object.entries(facts)) {
    const said = header(request, name);
    if (said !== undefined && said !== String(fact)) return invalidArgument(name, said, `the logs say ${fact}`);
  }
  return null;
}

/** By its magnitude, as in the vendor's SDKs. */
function inMilliseconds(time: number): number {
  if (time < 1e10) return time * 1000;
  return time < 1e15 ? time : Math.floor(time / 1e6);
}

/** The logs of a request, if it can be decoded, for fault rules that look at a body. */
export function peekPutLogs(request: ApiRequest, options: ResolvedOptions): readonly LogGroup[] | null {
  const opened = openBody(request, maxBodyBytesOf(options));
  if (isRefusal(opened)) return null;
  const groups = decodeGroups(opened.raw);
  return isRefusal(groups) ? null : storedGroups(groups);
}
