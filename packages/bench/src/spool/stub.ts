// The network stub of the spool benchmark: a service in a process of its own that accepts every batch.
//
// It checks the numbers of the records. `GET /count` returns how many records came, and how many out of order. The
// header `x-answer-ms` delays an answer.

import { createServer } from 'node:http';
import { logsIn, unpackBatch } from '@putlogs/core/internal/batch/unpack';
import { readLog } from '@putlogs/core/internal/protobuf/log';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';

let [records, requests, next, disorder] = [0, 0, 0, 0];
let firstAtMs: number | undefined;

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    if (request.method === 'GET') {
      response.end(JSON.stringify({ records, requests, disorder, firstAtMs }));
      if (request.url === '/reset') [records, requests, next, disorder, firstAtMs] = [0, 0, 0, 0, undefined];
      return;
    }
    firstAtMs ??= Date.now();
    requests += 1;
    if (request.headers['x-check'] !== 'no') check(Buffer.concat(pieces), request.headers);
    response.setHeader('x-tls-requestid', `${requests}`);
    const answerMs = Number(request.headers['x-answer-ms'] ?? 0);
    if (answerMs > 0) setTimeout(() => response.end(), answerMs);
    else response.end();
  });
});

function check(body: Buffer, headers: NodeJS.Dict<string | string[]>): void {
  const rawBytes = Number(headers['x-tls-bodyrawsize']);
  const codec = (headers['x-tls-compresstype'] ?? 'none') as 'lz4' | 'none';
  for (const log of recordsIn(body, rawBytes, codec)) {
    const n = Number(readLog(log, VOLC_LAYOUT).contents['n']);
    records += 1;
    // A record of the new process, which writes while the old records are drained.
    if (n < 0) continue;
    if (n !== next) disorder += 1;
    next = n + 1;
  }
}

/** The records of a body. Its first field says where they begin. */
function recordsIn(body: Buffer, rawBytes: number, codec: 'lz4' | 'none'): Buffer[] {
  const { decompress } =
    require('@putlogs/core/internal/batch/compress') as typeof import('@putlogs/core/internal/batch/compress');
  const { readVarint } =
    require('@putlogs/core/internal/protobuf/varint') as typeof import('@putlogs/core/internal/protobuf/varint');
  const raw = decompress({ codec, body, rawBytes });
  const entriesFrom = readVarint(raw, 1).next;
  let [at, count] = [entriesFrom, 0];
  while (raw[at] === 0x0a) {
    const { value, next: after } = readVarint(raw, at + 1);
    at = after + value;
    count += 1;
  }
  const place = { firstRecord: 0, packId: '', hashKey: '', count, rawBytes, entriesFrom, entriesTo: at };
  return logsIn(unpackBatch({ ...place, codec: 'none', body: raw }));
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
process.on('disconnect', () => process.exit(0));
