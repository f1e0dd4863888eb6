// Raw HTTP requests of SLS for the emulator's tests, right ones and wrong ones.
//
// The encoding and both signatures are written here a second time. Code of the emulator or of @putlogs/core is not
// used, because a mistake in it would then cancel itself out.

import { createHash, createHmac } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { Emulator } from '@putlogs/emulator';
import { parse } from 'protobufjs';
import { type Answer, type Headers, lz4, send } from './signed-request.js';

export const PROJECT = 'test-project';
export const LOGSTORE = 'test-logstore';

const schema = parse(
  `syntax = "proto2";
  message Pair { required string Key = 1; required string Value = 2; }
  message Log { required uint32 Time = 1; repeated Pair Contents = 2; optional fixed32 Time_ns = 4; }
  message Group {
    repeated Log Logs = 1; optional string Category = 2; optional string Topic = 3; optional string Source = 4;
    optional string MachineUUID = 5; repeated Pair LogTags = 6;
  }
  message List { repeated Group LogGroups = 1; }`,
  { keepCase: true },
).root;
const Group = schema.lookupType('Group');
const List = schema.lookupType('List');

export interface SlsLog {
  Time: number;
  Time_ns?: number;
  Contents: { Key: string; Value: string }[];
}

export interface SlsGroup {
  Logs: SlsLog[];
  Category?: string;
  Topic?: string;
  Source?: string;
  MachineUUID?: string;
  LogTags?: { Key: string; Value: string }[];
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

export function slsLog(contents: Record<string, string>, Time = now(), Time_ns?: number): SlsLog {
  const Contents = Object.entries(contents).map(([Key, Value]) => ({ Key, Value }));
  return Time_ns === undefined ? { Time, Contents } : { Time, Contents, Time_ns };
}

export function encodeGroup(group: SlsGroup): Buffer {
  return Buffer.from(Group.encode(Group.create(group)).finish());
}

export function decodeGroupList(raw: Buffer): SlsGroup[] {
  return (List.toObject(List.decode(raw)) as { LogGroups?: SlsGroup[] }).LogGroups ?? [];
}

export function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('hex').toUpperCase();
}

export interface SlsSigning {
  kind?: 'hmac-sha1' | 'hmac-sha256' | 'v4';
  accessKeyId?: string;
  accessKeySecret?: string;
  region?: string;
  service?: string;
  terminator?: string;
  scopeDate?: string;
  atMs?: number;
  contentSha256?: string;
}

/** Adds what the kind of signature needs, and Authorization. The query must have no percent-encoding. */
export function signSls(
  emulator: Emulator,
  method: string,
  target: string,
  given: Headers,
  body: Buffer,
  signing: SlsSigning = {},
): Headers {
  const { kind = 'hmac-sha1', atMs = Date.now() } = signing;
  const accessKeyId = signing.accessKeyId ?? emulator.accessKeyId;
  const secret = signing.accessKeySecret ?? emulator.accessKeySecret;
  const [path, search = ''] = target.split('?');
  const pairs = search.split('&').filter(Boolean).sort();
  const own = (headers: Headers, wanted: (name: string) => boolean): [string, string][] =>
    Object.entries(headers)
      .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim()])
      .filter(([name]) => wanted(name))
      .sort(([one], [other]) => (one < other ? -1 : 1));
  const isOwn = (name: string): boolean => /^x-(?:log|acs)-/.test(name);
  if (kind === 'v4') {
    const date = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const sha = signing.contentSha256 ?? createHash('sha256').update(body).digest('hex');
    const headers: Headers = { ...given, 'x-log-date': date, 'x-log-content-sha256': sha };
    const signed = own(headers, (name) => isOwn(name) || name === 'host' || name === 'content-type');
    const canonical = [
      method,
      path,
      pairs
        .map((pair) => pair.split('='))
        .map(([key, value = '']) => (value === '' ? key : `${key}=${encodeURIComponent(value)}`))
        .join('&'),
      signed.map(([name, value]) => `${name}:${value}\n`).join(''),
      signed.map(([name]) => name).join(';'),
      sha,
    ].join('\n');
    const scope = [
      signing.scopeDate ?? date.slice(0, 8),
      signing.region ?? 'cn-hangzhou',
      signing.service ?? 'sls',
      signing.terminator ?? 'aliyun_v4_request',
    ];
    const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
    const key = scope.reduce<string | Buffer>(hmac, `aliyun_v4${secret}`);
    const digest = createHash('sha256').update(canonical).digest('hex');
    const signature = hmac(key, `SLS4-HMAC-SHA256\n${date}\n${scope.join('/')}\n${digest}`).toString('hex');
    const credential = `${accessKeyId}/${scope.join('/')}`;
    return { ...headers, Authorization: `SLS4-HMAC-SHA256 Credential=${credential},Signature=${signature}` };
  }
  const date = new Date(atMs).toUTCString();
  const headers: Headers = { Date: date, 'x-log-signaturemethod': kind, ...given };
  const lower = new Map(own(headers, () => true));
  const text = [
    method,
    lower.get('content-md5') ?? '',
    lower.get('content-type') ?? '',
    lower.get('x-log-date') ?? lower.get('date') ?? '',
    ...own(headers, (name) => isOwn(name) && name !== 'x-log-date').map(([name, value]) => `${name}:${value}`),
    pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
  ].join('\n');
  const signature = createHmac(kind === 'hmac-sha1' ? 'sha1' : 'sha256', secret)
    .update(text)
    .digest('base64');
  return { ...headers, Authorization: `LOG ${accessKeyId}:${signature}` };
}

export interface SlsOptions {
  project?: string;
  logstore?: string;
  /** What follows the Logstore in the path. */
  rest?: string;
  method?: string;
  codec?: 'none' | 'lz4' | 'deflate';
  /** Replaces or, with null, leaves out headers of a right request, before it is signed. */
  headers?: Record<string, string | null>;
  /** The same, after it is signed. */
  unsigned?: Record<string, string | null>;
  /** The body as sent, in place of the encoded and compressed group. */
  body?: Buffer;
  rawBytes?: number;
  signing?: SlsSigning;
}

export function hostOf(emulator: Pick<Emulator, 'url'>, project = PROJECT): string {
  return `${project}.${new URL(emulator.url).host}`;
}

export function present(headers: Record<string, string | null>): Headers {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null));
}

export function putSls(emulator: Emulator, group: SlsGroup | Buffer, options: SlsOptions = {}): Promise<Answer> {
  const raw = Buffer.isBuffer(group) ? group : encodeGroup(group);
  const { codec = 'none', method = 'POST', rest = '/shards/lb' } = options;
  const body = options.body ?? (codec === 'lz4' ? lz4(raw) : codec === 'deflate' ? deflateSync(raw) : raw);
  const target = `/logstores/${options.logstore ?? LOGSTORE}${rest}`;
  const headers = present({
    Host: hostOf(emulator, options.project),
    'Content-Type': 'application/x-protobuf',
    'Content-MD5': options.signing?.kind === 'v4' ? null : md5(body),
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': String(options.rawBytes ?? raw.length),
    'x-log-compresstype': codec === 'none' ? null : codec,
    ...options.headers,
  });
  const signed = signSls(emulator, method, target, headers, body, options.signing);
  return send(emulator.url, method, target, present({ ...signed, ...options.unsigned }), body);
}

/** A signed request without a body, or with a JSON one. */
export function callSls(
  emulator: Emulator,
  method: string,
  rest: string,
  options: { value?: unknown; project?: string; logstore?: string; headers?: Headers } = {},
): Promise<Answer> {
  const body = options.value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(options.value));
  const target = `/logstores/${options.logstore ?? LOGSTORE}${rest}`;
  const headers = {
    Host: hostOf(emulator, options.project),
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': String(body.length),
    ...(body.length === 0 ? {} : { 'Content-Type': 'application/json', 'Content-MD5': md5(body) }),
    ...options.headers,
  };
  return send(emulator.url, method, target, signSls(emulator, method, target, headers, body), body);
}
