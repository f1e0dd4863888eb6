// What Volcengine TLS says of a topic: DescribeTopic, DescribeIndex, DescribeShards, SearchLogs and CreateIndex.
// Source: https://www.volcengine.com/docs/6470/112184 and the pages beside it, and the vendor's Node SDK.

import type { SignedRequest } from '../../http/exchange';
import {
  DELIMITERS,
  daysIn,
  type IndexFacts,
  type Look,
  listIn,
  type NewField,
  objectIn,
  type Question,
  type Search,
} from '../look';
import type { VolcTlsOptions } from './put-logs';
import { canonicalQuery, VolcSigner } from './sign';

const NO_BODY = Buffer.alloc(0);
/** The most that the service lists at once. A topic with more is reported with this number. */
const MAX_SHARDS = 100;

export function volcLook({ endpoint, region, topicId, credentials }: VolcTlsOptions): Look {
  const { host } = new URL(endpoint);
  const signer = new VolcSigner(region);
  const signed = (
    method: 'GET' | 'POST',
    action: string,
    query: Readonly<Record<string, string>>,
    body: Buffer,
    wallMs: number,
  ): SignedRequest => {
    const path = `/${action}`;
    const headers = { Host: host, 'Content-Type': 'application/json', 'x-tls-apiversion': '0.3.0' };
    const all = signer.sign({ method, path, query, headers, body }, credentials(), wallMs);
    const search = canonicalQuery(query);
    return { method, path: search === '' ? path : `${path}?${search}`, headers: all, body };
  };
  const get = <Fact>(action: string, query: Readonly<Record<string, string>>, read: (body: string) => Fact) => ({
    right: `tls:${action}`,
    request: (wallMs: number) => signed('GET', action, { TopicId: topicId, ...query }, NO_BODY, wallMs),
    read,
  });
  const post = <Fact>(action: string, fields: object, read: (body: string) => Fact): Question<Fact> => {
    const body = Buffer.from(JSON.stringify({ TopicId: topicId, ...fields }));
    return { right: `tls:${action}`, request: (wallMs) => signed('POST', action, {}, body, wallMs), read };
  };
  return {
    noun: 'topic',
    isNotAllowed: (code) => code === 'AccessDenied',
    noIndexCode: 'IndexNotExists',
    indexExistsCode: 'IndexAlreadyExist',
    store: () => get('DescribeTopic', {}, (body) => ({ retentionDays: daysIn(objectIn(JSON.parse(body))['Ttl']) })),
    index: () => get('DescribeIndex', {}, readIndex),
    shards: () => get('DescribeShards', { PageSize: String(MAX_SHARDS) }, readShards),
    search: ({ query, fromMs, toMs }: Search) =>
      post('SearchLogs', { Query: query, StartTime: fromMs, EndTime: toMs, Limit: 1 }, (body) => {
        const { Logs } = objectIn(JSON.parse(body));
        return Logs === null || Logs === undefined ? 0 : listIn(Logs).length;
      }),
    createIndex: (fields) => post('CreateIndex', newIndex(fields), () => undefined),
  };
}

function readIndex(body: string): IndexFacts {
  const { FullText, KeyValue, UserInnerKeyValue } = objectIn(JSON.parse(body));
  const keys = [KeyValue, UserInnerKeyValue].flatMap((list) => listIn(list ?? []));
  return {
    fullText: { kind: FullText === null || FullText === undefined ? 'none' : 'all' },
    fields: keys.map((key) => String(objectIn(key)['Key'])),
  };
}

function readShards(body: string) {
  const states = listIn(objectIn(JSON.parse(body))['Shards']).map((shard) => objectIn(shard)['Status']);
  const writable = states.filter((state) => state === 'readwrite').length;
  return { writable, readOnly: states.length - writable };
}

/** A field with statistics cannot have delimiters. */
function newIndex(fields: Readonly<Record<string, NewField>>) {
  return {
    FullText: { Delimiter: DELIMITERS, CaseSensitive: false, IncludeChinese: false },
    KeyValue: Object.entries(fields).map(([Key, { type, isSplit }]) => ({
      Key,
      Value:
        type === 'long'
          ? { ValueType: type, SqlFlag: true }
          : { ValueType: type, Delimiter: isSplit ? DELIMITERS : '', SqlFlag: !isSplit },
    })),
  };
}
