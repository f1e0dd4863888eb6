// Raw HTTP requests of TLS for the emulator's tests, right ones and wrong ones.
//
// The encoding and the signature are written here a second time. Code of the emulator or of @putlogs/core is not used,
// because a mistake in it would then cancel itself out.

import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { deflateSync } from 'node:zlib';
import type { Emulator, LogEntry } from '@putlogs/emulator';
import { compressBlock, compressBound } from 'lz4js';
import { parse } from 'protobufjs';

export const TOPIC = '0f8f5a3e-1b2c-4d5e-8f90-123456789abc';

const schema = parse(
  `syntax = "proto3";
  message Pair { string Key = 1; string Value = 2; }
  message Log { int64 Time = 1; repeated Pair Contents = 2; oneof OptionalTimeNs { fixed32 TimeNs = 3; } }
  message Group { repeated Log Logs = 1; string Source = 2; repeated Pair LogTags = 3; string FileName = 4; string ContextFlow = 5; }
  message List { repeated Group LogGroups = 1; }`,
  { keepCase: true },
).root;
const List = schema.lookupType('List');

export interface Log {
  Time: number;
  TimeNs?: number;
  Contents: { Key: string; Value: string }[];
}

export interface Group {
  Logs: Log[];
  Source?: string;
  LogTags?: { Key: string; Value: string }[];
  FileName?: string;
  ContextFlow?: string;
}

export function log(contents: Record<string, string>, Time = 1_750_733_700_123, TimeNs?: number): Log {
  const Contents = Object.entries(contents).map(([Key, Value]) => ({ Key, Value }));
  return TimeNs === undefined ? { Time, Contents } : { Time, Contents, TimeNs };
}

export function encode(groups: Group[]): Buffer {
  return Buffer.from(List.encode(List.create({ LogGroups: groups })).finish());
}

export function decode(raw: Buffer): Group[] {
  return (List.toObject(List.decode(raw), { longs: Number, defaults: true }) as { LogGroups: Group[] }).LogGroups;
}

export function lz4(raw: Buffer): Buffer {
  const block = Buffer.alloc(compressBound(raw.length));
  const bytes = compressBlock(raw, block, 0, raw.length, new Uint32Array(1 << 16));
  if (bytes === 0) throw new Error('the test data has no repetition for lz4js');
  return block.subarray(0, bytes);
}

/** What the tests look for in an answer. It has some of these; which is what a test finds out. */
interface AnswerFields {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly Logs: Record<string, string>[];
  readonly logs: LogEntry[];
  readonly next: number;
  readonly cursor: string;
  readonly cursor_time: number;
  readonly HitCount: number;
  readonly Total: number;
  readonly ListOver: boolean;
  readonly Context: string;
  readonly ResultStatus: string;
  readonly Analysis: boolean;
  readonly Count: number;
  readonly Limit: number;
  readonly Shards: {
    readonly ShardId: number;
    readonly Status: string;
    readonly InclusiveBeginKey: string;
    readonly ExclusiveEndKey: string;
  }[];
  readonly shards: unknown[];
  readonly requests: number;
  readonly rejected: Record<string, number>;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  json: AnswerFields & readonly Record<string, string>[];
}

export type Headers = Record<string, string>;

/** Sends exactly these header bytes (node adds only Connection and, when not given, Host). */
export function send(url: string, method: string, target: string, headers: Headers, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const outgoing = httpRequest(
      {
        host: hostname,
        port,
        method,
        path: target,
        agent: false,
        headers: { ...headers, 'Content-Length': String(body.length) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const answer = Buffer.concat(chunks);
          let json = {} as Answer['json'];
          try {
            json = JSON.parse(answer.toString()) as Answer['json'];
          } catch {}
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: answer, json });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface Signing {
  accessKeyId?: string;
  accessKeySecret?: string;
  region?: string;
  service?: string;
  terminator?: string;
  scopeDate?: string;
  atMs?: number;
  /** Headers that are sent, but left out of SignedHeaders. */
  unsigned?: string[];
  contentSha256?: string | null;
}

/** Adds X-Date, X-Content-Sha256 and Authorization; signs every header given. */
export function sign(
  emulator: Emulator,
  method: string,
  target: string,
  headers: Headers,
  body: Buffer,
  signing: Signing = {},
): Headers {
  const xDate = new Date(signing.atMs ?? Date.now()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const sha = createHash('sha256').update(body).digest('hex');
  const all: Headers = { Host: new URL(emulator.url).host, ...headers, 'X-Date': xDate };
  if (signing.contentSha256 !== null) all['X-Content-Sha256'] = signing.contentSha256 ?? sha;
  const lower = new Map(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const names = [...lower.keys()].filter((name) => !signing.unsigned?.includes(name)).sort();
  const [path, query = ''] = target.split('?');
  const scope = [
    signing.scopeDate ?? xDate.slice(0, 8),
    signing.region ?? 'cn-beijing',
    signing.service ?? 'TLS',
    signing.terminator ?? 'request',
  ];
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    names.map((name) => `${name}:${lower.get(name)}\n`).join(''),
    names.join(';'),
    signing.contentSha256 ?? sha,
  ].join('\n');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = scope.reduce<string | Buffer>(hmac, signing.accessKeySecret ?? emulator.accessKeySecret);
  const digest = createHash('sha256').update(canonical).digest('hex');
  const signature = hmac(key, `HMAC-SHA256\n${xDate}\n${scope.join('/')}\n${digest}`).toString('hex');
  const credential = `${signing.accessKeyId ?? emulator.accessKeyId}/${scope.join('/')}`;
  const authorization = `HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...all, Authorization: authorization };
}

export interface PutOptions {
  topicId?: string;
  target?: string;
  method?: string;
  codec?: 'none' | 'lz4' | 'zlib';
  /** Replaces or, with null, leaves out headers of a right request. */
  headers?: Record<string, string | null>;
  /** The body as sent, in place of the encoded and compressed groups. */
  body?: Buffer;
  rawBytes?: number;
  signing?: Signing;
}

export function put(emulator: Emulator, groups: Group[] | Buffer, options: PutOptions = {}): Promise<Answer> {
  const raw = Buffer.isBuffer(groups) ? groups : encode(groups);
  const { codec = 'none', method = 'POST' } = options;
  const body = options.body ?? (codec === 'lz4' ? lz4(raw) : codec === 'zlib' ? deflateSync(raw) : raw);
  const target = options.target ?? `/PutLogs?TopicId=${options.topicId ?? TOPIC}`;
  const headers: Record<string, string | null> = {
    'Content-Type': 'application/x-protobuf',
    'x-tls-apiversion': '0.3.0',
    'x-tls-bodyrawsize': String(options.rawBytes ?? raw.length),
    ...(codec === 'none' ? {} : { 'x-tls-compresstype': codec }),
    ...options.headers,
  };
  const sent = Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  return send(emulator.url, method, target, sign(emulator, method, target, sent, body, options.signing), body);
}

/** A signed request with a JSON body, or without one. */
export function call(emulator: Emulator, method: string, target: string, value?: unknown): Promise<Answer> {
  const body = value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value));
  const headers = { 'Content-Type': 'application/json', 'x-tls-apiversion': '0.3.0' };
  return send(emulator.url, method, target, sign(emulator, method, target, headers, body), body);
}
