// Runs one of the vendor's own packages, as it is published, against an emulator.
//
// Arguments: the port of the emulator, its key, and the client. It prints one line of JSON: what the client read, and
// every address that this process connected to. For the browser's client, the part of a browser's transport that it
// calls is written here.

import { request } from 'node:http';
import { type PullingClient, pull } from '../support/sls-pull';

const [port, accessKeyId, accessKeySecret, which] = process.argv.slice(2) as [string, string, string, string];
// By the names alone that the preloaded file resolves.
const ENDPOINT = `localhost:${port}`;
const PROJECT = 'test-project';
const LOGSTORE = 'test-logstore';
const seconds = Math.floor(Date.now() / 1000);

interface LogSdk {
  postLogStoreLogs(project: string, logstore: string, data: unknown): Promise<unknown>;
  getLogs(project: string, logstore: string, from: Date, to: Date, data: unknown): Promise<unknown>;
  getLogStore(project: string, logstore: string): Promise<unknown>;
  getIndexConfig(project: string, logstore: string): Promise<unknown>;
  createIndex(project: string, logstore: string, index: unknown): Promise<unknown>;
  updateIndex(project: string, logstore: string, index: unknown): Promise<unknown>;
}

const TOKEN = [' ', ','];
const LINE = { token: TOKEN, caseSensitive: false };

async function runLogIndex(): Promise<unknown> {
  const LogClient = require('@alicloud/log') as new (config: unknown) => LogSdk;
  const sdk = new LogClient({ endpoint: ENDPOINT, accessKeyId, accessKeySecret });
  const missing = await sdk.getIndexConfig(PROJECT, LOGSTORE).catch(failure);
  await sdk.createIndex(PROJECT, LOGSTORE, { line: LINE });
  const again = await sdk.createIndex(PROJECT, LOGSTORE, { line: LINE }).catch(failure);
  await sdk.updateIndex(PROJECT, LOGSTORE, { line: LINE, keys: { n: { type: 'long', doc_value: true } } });
  const index = await sdk.getIndexConfig(PROJECT, LOGSTORE);
  return { missing, again, index, store: await sdk.getLogStore(PROJECT, LOGSTORE) };
}

async function runLogSdk(): Promise<unknown> {
  const LogClient = require('@alicloud/log') as new (config: unknown) => LogSdk;
  const sdk = new LogClient({ endpoint: ENDPOINT, accessKeyId, accessKeySecret });
  const logs = [
    { timestamp: seconds, timestampNsPart: 123_456_789, content: { level: 'info', message: '你好 👋', empty: '' } },
    { timestamp: seconds, content: { level: 'warn', message: 'second' } },
  ];
  const data = { logs, topic: 'topic', source: 'source', tags: [{ host: 'h1' }, { __pack_id__: 'P-1' }] };
  const written = await sdk.postLogStoreLogs(PROJECT, LOGSTORE, data);
  const [from, to] = [new Date((seconds - 60) * 1000), new Date((seconds + 60) * 1000)];
  const read = await sdk.getLogs(PROJECT, LOGSTORE, from, to, { query: 'message:"你好 👋"', line: 10 });
  const old = { logs: [{ timestamp: 1, content: { a: '1' } }] };
  const refused = await sdk.postLogStoreLogs(PROJECT, LOGSTORE, old).catch(failure);
  const forger = new LogClient({ endpoint: ENDPOINT, accessKeyId, accessKeySecret: 'other' });
  const forged = await forger.postLogStoreLogs(PROJECT, LOGSTORE, data).catch(failure);
  return { written, read, refused, forged, store: await sdk.getLogStore(PROJECT, LOGSTORE) };
}

interface OpenApiSdk extends PullingClient {
  getLogs(project: string, logstore: string, request: unknown): Promise<{ body: unknown }>;
  getLogsV2(project: string, logstore: string, request: unknown): Promise<{ body: unknown }>;
  listShards(project: string, logstore: string): Promise<{ body: { shardID: number }[] }>;
  getCursor(project: string, logstore: string, shard: string, request: unknown): Promise<{ body: { cursor: string } }>;
  getCursorTime(project: string, logstore: string, shard: string, request: unknown): Promise<{ body: unknown }>;
  getLogStore(project: string, logstore: string): Promise<{ body: unknown }>;
  getIndex(project: string, logstore: string): Promise<{ body: unknown }>;
  createIndex(project: string, logstore: string, request: unknown): Promise<unknown>;
  updateIndex(project: string, logstore: string, request: unknown): Promise<unknown>;
  putWebtracking(project: string, logstore: string, request: unknown): Promise<{ statusCode: number }>;
}

async function runOpenApiSdk(signatureVersion: string): Promise<unknown> {
  type Model = new (map: unknown) => unknown;
  const package_ = require('@alicloud/sls20201230') as Record<string, Model> & {
    default: new (config: unknown) => OpenApiSdk;
  };
  const model = (name: string, map: unknown): unknown => new package_[name]!(map);
  const sdk = new package_.default({
    endpoint: ENDPOINT,
    protocol: 'http',
    regionId: 'cn-hangzhou',
    signatureVersion,
    accessKeyId,
    accessKeySecret,
  });
  const window = { from: seconds - 600, to: seconds + 600, query: 'level:info' };
  const shards = (await sdk.listShards(PROJECT, LOGSTORE)).body;
  const pulled: string[] = [];
  for (const { shardID } of shards) {
    const shard = String(shardID);
    const { cursor } = (await sdk.getCursor(PROJECT, LOGSTORE, shard, model('GetCursorRequest', { from: 'begin' })))
      .body;
    await sdk.getCursorTime(PROJECT, LOGSTORE, shard, model('GetCursorTimeRequest', { cursor }));
    pulled.push((await pull(sdk, PROJECT, LOGSTORE, shard, cursor)).page);
  }
  const webTracking = model('PutWebtrackingRequest', {
    logs: [{ by: 'putWebtracking' }],
    source: 'source',
    topic: 'track',
    tags: { k: 'v' },
  });
  return {
    shards,
    pulled,
    logs: (await sdk.getLogs(PROJECT, LOGSTORE, model('GetLogsRequest', window))).body,
    logsV2: (await sdk.getLogsV2(PROJECT, LOGSTORE, model('GetLogsV2Request', window))).body,
    tracked: (await sdk.putWebtracking(PROJECT, LOGSTORE, webTracking)).statusCode,
    missing: await sdk.listShards(PROJECT, 'no-such-store').catch(failure),
  };
}

async function runOpenApiIndex(signatureVersion: string): Promise<unknown> {
  const package_ = require('@alicloud/sls20201230') as Record<string, new (map: unknown) => unknown> & {
    default: new (config: unknown) => OpenApiSdk;
  };
  const regionId = 'cn-hangzhou';
  const key = { accessKeyId, accessKeySecret };
  const sdk = new package_.default({ endpoint: ENDPOINT, protocol: 'http', regionId, signatureVersion, ...key });
  const missing = await sdk.getIndex(PROJECT, LOGSTORE).catch(failure);
  const request = (name: string, keys: unknown) =>
    new package_[name]!({ body: new package_['Index']!({ line: LINE, ...(keys === null ? {} : { keys }) }) });
  await sdk.createIndex(PROJECT, LOGSTORE, request('CreateIndexRequest', null));
  const again = await sdk.createIndex(PROJECT, LOGSTORE, request('CreateIndexRequest', null)).catch(failure);
  const keys = { n: new package_['IndexKey']!({ type: 'long', docValue: true }) };
  await sdk.updateIndex(PROJECT, LOGSTORE, request('UpdateIndexRequest', keys));
  const index = (await sdk.getIndex(PROJECT, LOGSTORE)).body;
  return { missing, again, index, store: (await sdk.getLogStore(PROJECT, LOGSTORE)).body };
}

/** Sends what a browser would send for a text, whichever of its two ways. */
function sendText(url: string, text: string, sent: Promise<number | undefined>[]): void {
  const headers = { 'Content-Type': 'text/plain;charset=UTF-8' };
  sent.push(
    new Promise((resolve, reject) => {
      const outgoing = request(url, { method: 'POST', headers }, (incoming) => {
        incoming.resume().on('end', () => resolve(incoming.statusCode));
      });
      outgoing.on('error', reject).end(text);
    }),
  );
}

async function runBrowserSdk(): Promise<unknown> {
  const sent: Promise<number | undefined>[] = [];
  const used: string[] = [];
  class XMLHttpRequest {
    #url = '';
    open(_method: string, url: string): void {
      this.#url = url;
    }
    send(text: string): void {
      used.push('XMLHttpRequest');
      sendText(this.#url, text, sent);
    }
  }
  const sendBeacon = (url: string, text: string): boolean => {
    used.push('sendBeacon');
    sendText(url, text, sent);
    return true;
  };
  const window = { XMLHttpRequest, console, addEventListener: () => {} };
  Object.defineProperty(globalThis, 'window', { value: window });
  Object.defineProperty(globalThis, 'navigator', { value: { sendBeacon }, configurable: true });
  const Tracker = require('@aliyun-sls/web-track-browser') as new (
    options: unknown,
  ) => {
    send(log: unknown): void;
    sendBatchLogsImmediate(logs: readonly unknown[]): void;
  };
  const tracker = new Tracker({
    // With a scheme in it the host is taken whole; without, https would be put before project and host.
    host: `http://${PROJECT}.${ENDPOINT}`,
    project: PROJECT,
    logstore: LOGSTORE,
    count: 1,
    topic: 'browser',
    source: 'page',
    tags: { tag: 'value' },
  });
  tracker.send({ text: '你好', number: 1.5, flag: true, nothing: null, nested: { a: [1] } });
  tracker.sendBatchLogsImmediate([{ large: 'x'.repeat(40_000) }, { last: 'log' }]);
  return { used, statuses: await Promise.all(sent) };
}

function failure(error: { code?: string; message: string }): unknown {
  return { code: error.code, message: error.message };
}

/** No client: shows that the preloaded file sees, and stops, what would leave the machine. */
async function runStray(): Promise<unknown> {
  const fate = (host: string): Promise<string> =>
    new Promise((resolve) => {
      const outgoing = request({ host, port: 80 }, () => resolve('answered'));
      outgoing.on('error', ({ message }) => resolve(message)).end();
    });
  return [await fate('log.invalid'), await fate('203.0.113.1')];
}

async function main(): Promise<void> {
  const runs: Record<string, () => Promise<unknown>> = {
    log: runLogSdk,
    'sls20201230-v4': () => runOpenApiSdk('v4'),
    'sls20201230-v1': () => runOpenApiSdk('v1'),
    'log-index': runLogIndex,
    'sls20201230-index-v4': () => runOpenApiIndex('v4'),
    'sls20201230-index-v1': () => runOpenApiIndex('v1'),
    browser: runBrowserSdk,
    stray: runStray,
  };
  const result = await runs[which]!();
  const { contactedAddresses } = globalThis as unknown as { contactedAddresses(): string[] };
  process.stdout.write(`${JSON.stringify({ result, contacted: contactedAddresses() })}\n`);
}

void main();
