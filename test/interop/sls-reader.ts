// Reads a Logstore with the vendor's own packages, as they are published.
//
// Arguments: the port of an emulator, its key, a query, and the first and last second of the search. It prints one
// line of JSON: the logs that @alicloud/log found, and those that @alicloud/sls20201230 pulled from each shard, in
// protobuf. It reads one page of a hundred, which is what getLogs returns.

import { type PullingClient, pull } from '../support/sls-pull';

interface LogSdk {
  getLogs(project: string, logstore: string, from: Date, to: Date, data: unknown): Promise<unknown[]>;
}

interface OpenApiSdk extends PullingClient {
  listShards(project: string, logstore: string): Promise<{ body: { shardID: number }[] }>;
  getCursor(project: string, logstore: string, shard: string, request: unknown): Promise<{ body: { cursor: string } }>;
}

const [port, accessKeyId, accessKeySecret, query, from, to] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const ENDPOINT = `localhost:${port}`;
const PROJECT = 'test-project';
const LOGSTORE = 'test-logstore';
const PAGE = 100;

async function found(): Promise<unknown[]> {
  const LogClient = require('@alicloud/log') as new (config: unknown) => LogSdk;
  const sdk = new LogClient({ endpoint: ENDPOINT, accessKeyId, accessKeySecret });
  const between = [new Date(Number(from) * 1000), new Date(Number(to) * 1000)] as const;
  return sdk.getLogs(PROJECT, LOGSTORE, ...between, { query, line: PAGE });
}

/** By signature v4. */
async function pulled(): Promise<string[]> {
  const package_ = require('@alicloud/sls20201230') as Record<string, new (map: unknown) => unknown> & {
    default: new (config: unknown) => OpenApiSdk;
  };
  const config = { endpoint: ENDPOINT, protocol: 'http', regionId: 'cn-hangzhou', signatureVersion: 'v4' };
  const sdk = new package_.default({ ...config, accessKeyId, accessKeySecret });
  const pages: string[] = [];
  for (const { shardID } of (await sdk.listShards(PROJECT, LOGSTORE)).body) {
    const begin = new package_['GetCursorRequest']!({ from: 'begin' });
    let { cursor } = (await sdk.getCursor(PROJECT, LOGSTORE, String(shardID), begin)).body;
    for (;;) {
      const { page, next } = await pull(sdk, PROJECT, LOGSTORE, String(shardID), cursor);
      if (next === cursor) break;
      pages.push(page);
      cursor = next;
    }
  }
  return pages;
}

void Promise.all([found(), pulled()]).then(([logs, pages]) => {
  process.stdout.write(`${JSON.stringify({ logs, pages })}\n`);
});
