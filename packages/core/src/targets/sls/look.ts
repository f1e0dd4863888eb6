// What Alibaba Cloud SLS says of a Logstore: GetLogStore, GetIndex, ListShards, GetLogs and CreateIndex.
// Source: https://www.alibabacloud.com/help/en/sls/developer-reference/api-getindex and the pages beside it.

import type { SignedRequest } from '../../http/exchange';
import { placeOf } from '../../options/addresses';
import {
  DELIMITERS,
  daysIn,
  type FullText,
  type IndexFacts,
  type Look,
  listIn,
  type NewField,
  namesIn,
  objectIn,
  type Question,
  type Search,
} from '../look';
import type { AliyunSlsOptions } from './put-logs';
import { queryOf, signedHeaders, V4Signer } from './sign';

const NO_BODY = Buffer.alloc(0);
const TOKENS = [...DELIMITERS];

export function aliyunLook(options: AliyunSlsOptions): Look {
  const { logstore } = options;
  const { host, headers: projectHeaders } = placeOf(options);
  const root = `/logstores/${logstore}`;
  const v4 = new V4Signer(options.region);
  const signed = (
    method: 'GET' | 'POST',
    path: string,
    query: Readonly<Record<string, string>>,
    body: Buffer,
    wallMs: number,
  ): SignedRequest => {
    const headers = {
      Host: host,
      ...projectHeaders,
      'x-log-apiversion': '0.6.0',
      'x-log-bodyrawsize': String(body.length),
      ...(body.length === 0 ? {} : { 'Content-Type': 'application/json' }),
    };
    const all = signedHeaders({ method, path, query, headers, body }, options, v4, wallMs);
    const search = queryOf(query);
    return { method, path: search === '' ? path : `${path}?${search}`, headers: all, body };
  };
  const get = <Fact>(
    right: string,
    path: string,
    query: Readonly<Record<string, string>>,
    read: (body: string) => Fact,
  ): Question<Fact> => ({ right, request: (wallMs) => signed('GET', path, query, NO_BODY, wallMs), read });
  return {
    noun: 'Logstore',
    isNotAllowed: (code) => code === 'Unauthorized',
    noIndexCode: 'IndexConfigNotExist',
    indexExistsCode: 'IndexAlreadyExist',
    store: () =>
      get('log:GetLogStore', root, {}, (body) => ({ retentionDays: daysIn(objectIn(JSON.parse(body))['ttl']) })),
    index: () => get('log:GetIndex', `${root}/index`, {}, readIndex),
    shards: () => get('log:ListShards', `${root}/shards`, {}, readShards),
    search: (search) =>
      get('log:GetLogStoreLogs', root, searchQuery(search), (body) => listIn(JSON.parse(body)).length),
    createIndex: (fields) => {
      const body = Buffer.from(JSON.stringify(newIndex(fields)));
      const request = (wallMs: number) => signed('POST', `${root}/index`, {}, body, wallMs);
      return { right: 'log:CreateIndex', request, read: () => undefined };
    },
  };
}

/** The service counts in seconds, and leaves out the end. */
function searchQuery({ query, fromMs, toMs }: Search): Record<string, string> {
  const from = String(Math.floor(fromMs / 1000));
  const to = String(Math.floor(toMs / 1000) + 1);
  return { type: 'log', from, to, query, line: '1', offset: '0' };
}

function readIndex(body: string): IndexFacts {
  const { line, keys } = objectIn(JSON.parse(body));
  return { fullText: readFullText(line ?? undefined), fields: Object.keys(objectIn(keys ?? {})) };
}

function readFullText(line: unknown): FullText {
  if (line === undefined) return { kind: 'none' };
  const { include_keys: included, exclude_keys: excluded } = objectIn(line);
  const [only, except] = [namesIn(included ?? []), namesIn(excluded ?? [])];
  if (only.length > 0) return { kind: 'only', fields: only };
  return except.length > 0 ? { kind: 'all except', fields: except } : { kind: 'all' };
}

function readShards(body: string) {
  const states = listIn(JSON.parse(body)).map((shard) => objectIn(shard)['status']);
  const writable = states.filter((state) => state === 'readwrite').length;
  return { writable, readOnly: states.length - writable };
}

function newIndex(fields: Readonly<Record<string, NewField>>) {
  const words = { token: TOKENS, caseSensitive: false, chn: true };
  return {
    line: words,
    keys: Object.fromEntries(
      Object.entries(fields).map(([name, { type, isSplit }]) => [
        name,
        type === 'long'
          ? { type, doc_value: true }
          : { type, caseSensitive: false, chn: isSplit, token: isSplit ? TOKENS : [], doc_value: true },
      ]),
    ),
  };
}
