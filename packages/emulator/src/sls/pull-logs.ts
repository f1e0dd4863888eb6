// ListShards, GetCursor, GetCursorTime and PullLogs: shards, cursors, and the log groups from a cursor on.

import { type Answer, answerJson, isRefusal, type Refusal } from '../answer.js';
import { compress } from '../codec.js';
import { cursorFrom, readCursor, type ShardGroups, takeGroups, writeCursor } from '../cursor.js';
import type { Ledger, Store } from '../ledger.js';
import { type ApiRequest, header, parameter } from '../request.js';
import type { Place } from './place.js';
import { refuse, shown } from './refusal.js';
import { encodeGroupList } from './schema.js';

const MAX_GROUPS = 1000;
// The documented maximum of one call.
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** A request to read from an existing Logstore. */
export interface Reading {
  readonly request: ApiRequest;
  readonly place: Place;
  readonly store: Store;
  readonly nowMs: number;
}

export function listShards({ store }: Reading): Answer {
  return answerJson(
    store.shards.ranges.map(({ shard, begin, end }) => ({
      shardID: shard,
      status: 'readwrite',
      inclusiveBeginKey: begin,
      exclusiveEndKey: end,
      createTime: 0,
    })),
  );
}

/** One path has four APIs. `type` distinguishes them. */
export function readShard({ request, place, store, nowMs }: Reading, ledger: Ledger): Answer | Refusal {
  const number = Number(place.shard);
  const groups = store.groups[number];
  if (!groups) return refuse('ShardNotExist', `The shard ${place.shard} does not exist.`);
  const shard = { shard: number, groups };
  const type = parameter(request, 'type') ?? '';
  if (type === 'cursor') return getCursor(request, shard);
  if (type === 'cursor_time') return getCursorTime(request, shard, nowMs);
  // The documentation has `log`, and the Go SDK sends `logs`.
  if (type === 'log' || type === 'logs') return pullLogs(request, shard, ledger);
  return refuse('ParameterInvalid', `The type ${shown(type)} is none of cursor, cursor_time and log.`);
}

function getCursor(request: ApiRequest, shard: ShardGroups): Answer | Refusal {
  const from = parameter(request, 'from') ?? '';
  const cursor = cursorFrom(from, shard);
  return cursor === null
    ? refuse('ParameterInvalid', `The parameter from ${shown(from)} is none of begin, end and Unix seconds.`)
    : answerJson({ cursor });
}

function getCursorTime(request: ApiRequest, shard: ShardGroups, nowMs: number): Answer | Refusal {
  const at = cursorOf(request, 'cursor', shard);
  if (isRefusal(at)) return at;
  return answerJson({ cursor_time: Math.floor((shard.groups[at]?.arrivedAtMs ?? nowMs) / 1000) });
}

function pullLogs(request: ApiRequest, shard: ShardGroups, ledger: Ledger): Answer | Refusal {
  const from = cursorOf(request, 'cursor', shard);
  if (isRefusal(from)) return from;
  const end = parameter(request, 'end_cursor') ? cursorOf(request, 'end_cursor', shard) : shard.groups.length;
  if (isRefusal(end)) return end;
  const count = parameter(request, 'count') ?? '';
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > MAX_GROUPS) {
    return refuse('ParameterInvalid', `The parameter count ${shown(count)} is not 1 to ${MAX_GROUPS}.`);
  }
  const wanted = shard.groups.slice(from, Math.min(end, from + Number(count)));
  const groups = takeGroups(ledger, wanted, encodeGroupList, MAX_ANSWER_BYTES);
  return answerBody(request, encodeGroupList(groups), {
    'Content-Type': 'application/x-protobuf',
    'x-log-cursor': writeCursor(shard.shard, from + groups.length),
    'x-log-count': String(groups.length),
  });
}

/** The body as an LZ4 block if the client accepts one, with the headers that describe it. */
export function answerBody(request: ApiRequest, raw: Buffer, headers: Readonly<Record<string, string>>): Answer {
  const takesLz4 = /(?:^|[\s,])lz4(?:$|[\s,;])/.test(header(request, 'accept-encoding') ?? '') && raw.length > 0;
  return {
    status: 200,
    headers: {
      ...headers,
      'x-log-bodyrawsize': String(raw.length),
      ...(takesLz4 ? { 'x-log-compresstype': 'lz4' } : {}),
    },
    body: takesLz4 ? compress('lz4', raw) : raw,
  };
}

function cursorOf(request: ApiRequest, name: string, shard: ShardGroups): number | Refusal {
  const cursor = parameter(request, name) ?? '';
  return readCursor(cursor, shard) ?? refuse('InvalidCursor', `The ${name} ${shown(cursor)} is invalid.`);
}
