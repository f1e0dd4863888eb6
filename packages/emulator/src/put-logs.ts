// Takes: a PutLogs request whose signature holds. Gives: what is to be written, or the refusal of all of it.
// Keeps: nothing; the caller writes. Never: takes a request in part.
import { invalidArgument, isRefusal, type Refusal, refuse } from './answer.js';
import { openBody } from './body.js';
import type { AcceptedRequest, Ledger } from './ledger.js';
import { checkLimits } from './limits.js';
import { type ApiRequest, header, parameter } from './request.js';
import { decodeGroups, type WireLogGroup } from './schema.js';

export function acceptPutLogs(request: ApiRequest, ledger: Ledger, nowMs: number): AcceptedRequest | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const contentType = header(request, 'content-type') ?? '';
  if (contentType.toLowerCase() !== 'application/x-protobuf') return invalidArgument('Content-Type', contentType);
  // Clients that balance the load send the header empty (the Go SDK) or not at all.
  const hashKey = header(request, 'x-tls-hashkey') ?? '';
  if (hashKey !== '' && !/^[0-9a-fA-F]{32}$/.test(hashKey)) {
    return invalidArgument('x-tls-hashkey', hashKey, 'the form is 32 hex digits');
  }
  if (/^f{32}$/i.test(hashKey))
    return invalidArgument('x-tls-hashkey', hashKey, 'the range of hash keys ends before it');

  const opened = openBody(request);
  if (isRefusal(opened)) return opened;
  const groups = decodeGroups(opened.raw);
  if (isRefusal(groups)) return groups;
  const beyond = checkLimits(groups, opened.raw);
  if (beyond) return beyond;

  const topic = ledger.topicToWrite(topicId);
  if (!topic) return refuse('TopicNotExist');
  const shard = hashKey === '' ? topic.shards.balanced() : topic.shards.byHashKey(hashKey);
  return {
    topicId,
    shard,
    hashKey,
    requestId: request.requestId,
    codec: opened.codec,
    wire: request.body,
    rawBytes: opened.raw.length,
    groups,
    arrivedAtMs: nowMs,
  };
}

/** The logs of a request, if it can be read at all: what fault rules that look into a body are matched against. */
export function peekGroups(request: Omit<ApiRequest, 'requestId'>): readonly WireLogGroup[] | null {
  const opened = openBody(request);
  if (isRefusal(opened)) return null;
  const groups = decodeGroups(opened.raw);
  return isRefusal(groups) ? null : groups;
}
