// DescribeShards, DescribeCursor and ConsumeLogs: shards, cursors, and the log groups from a cursor on.

import { type Answer, answerJson, isRefusal, type Refusal } from '../answer.js';
import { compress } from '../codec.js';
import { cursorFrom, readCursor, type ShardGroups, takeGroups, writeCursor } from '../cursor.js';
import { readJsonBody } from '../json-body.js';
import type { Ledger } from '../ledger.js';
import { type ApiRequest, parameter } from '../request.js';
import { invalidArgument, refuse, refuseBody } from './refusal.js';
import { encodeGroups } from './schema.js';

const MAX_GROUPS = 1000;
const DEFAULT_GROUPS = 100;
// The documented maximum of one call.
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;

export function describeShards(request: ApiRequest, ledger: Ledger): Answer | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const topic = ledger.store('tls', topicId);
  if (!topic) return refuse('TopicNotExist');
  const page = pageOf(request);
  if (isRefusal(page)) return page;
  const { ranges } = topic.shards;
  return answerJson({
    Shards: ranges.slice(page.from, page.to).map(({ shard, begin, end }) => ({
      TopicId: topicId,
      ShardId: shard,
      InclusiveBeginKey: begin,
      ExclusiveEndKey: end,
      Status: 'readwrite',
      ModifyTime: '',
      StopWriteTime: '',
    })),
    Total: ranges.length,
  });
}

export function describeCursor(request: ApiRequest, ledger: Ledger): Answer | Refusal {
  const place = findShard(request, ledger);
  if (isRefusal(place)) return place;
  const body = readJsonBody(request);
  if (body === null) return refuseBody();
  const from = String(body['From'] ?? '');
  const cursor = cursorFrom(from, place);
  return cursor === null ? invalidArgument('From', from, 'begin, end or Unix seconds') : answerJson({ cursor });
}

export function consumeLogs(request: ApiRequest, ledger: Ledger): Answer | Refusal {
  const place = findShard(request, ledger);
  if (isRefusal(place)) return place;
  const body = readJsonBody(request);
  if (body === null) return refuseBody();
  const { Cursor, EndCursor, LogGroupCount = DEFAULT_GROUPS, Compression } = body;
  const from = readCursor(Cursor, place);
  if (from === null) return invalidArgument('Cursor', String(Cursor ?? ''));
  const end =
    EndCursor === undefined || EndCursor === null || EndCursor === ''
      ? place.groups.length
      : readCursor(EndCursor, place);
  if (end === null) return invalidArgument('EndCursor', String(EndCursor));
  if (!isWhole(LogGroupCount, 1, MAX_GROUPS)) return invalidArgument('LogGroupCount', String(LogGroupCount));
  const codec = Compression === undefined || Compression === null || Compression === '' ? 'none' : Compression;
  if (codec !== 'none' && codec !== 'lz4' && codec !== 'zlib') return invalidArgument('Compression', String(codec));

  const wanted = place.groups.slice(from, Math.min(end, from + LogGroupCount));
  const groups = takeGroups(ledger, wanted, encodeGroups, MAX_ANSWER_BYTES);
  const raw = encodeGroups(groups);
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/x-protobuf',
      'x-tls-cursor': writeCursor(place.shard, from + groups.length),
      'x-tls-count': String(groups.length),
      'x-tls-bodyrawsize': String(raw.length),
      ...(codec === 'none' ? {} : { 'x-tls-compresstype': codec }),
    },
    body: groups.length === 0 ? raw : compress(codec, raw),
  };
}

function findShard(request: ApiRequest, ledger: Ledger): ShardGroups | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const topic = ledger.store('tls', topicId);
  if (!topic) return refuse('TopicNotExist');
  const shardId = parameter(request, 'ShardId') ?? '';
  const groups = /^\d{1,9}$/.test(shardId) ? topic.groups[Number(shardId)] : undefined;
  return groups ? { shard: Number(shardId), groups } : invalidArgument('ShardId', shardId);
}

function pageOf(request: ApiRequest): { from: number; to: number } | Refusal {
  const number = Number(parameter(request, 'PageNumber') ?? '1');
  if (!isWhole(number, 1, 1_000_000)) return invalidArgument('PageNumber', parameter(request, 'PageNumber') ?? '');
  const size = Number(parameter(request, 'PageSize') ?? '20');
  if (!isWhole(size, 1, 100)) return invalidArgument('PageSize', parameter(request, 'PageSize') ?? '');
  return { from: (number - 1) * size, to: number * size };
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
