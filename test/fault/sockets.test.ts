// What can go wrong between two sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createShipper } from '@putlogs/core';
import { deadlineMs, HttpClient } from '@putlogs/core/internal/http/client';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { addressOf, closedPort, emulatorForTest, optionsFor, until } from '../support/emulator';
import { assertLedger, checkLedger } from '../support/ledger';
import { assertConserved, emulatorAndShipper, write } from '../support/shipper';
import { target } from '../support/targets';

const ANSWER = 'HTTP/1.1 200 OK\r\nx-tls-requestid: r\r\ncontent-length: 0\r\n\r\n';
const never = new AbortController().signal;

/** A server that runs the given function for each connection. */
async function rawServer(serve: (socket: Socket, number: number) => void) {
  const sockets = new Set<Socket>();
  let count = 0;
  let closed = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      closed += 1;
    });
    // What a test breaks on purpose is no error of the test.
    socket.on('error', () => {});
    count += 1;
    serve(socket, count);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, connections: () => count, closed: () => closed };
}

function clientTo(origin: string, timeoutMs = 5000, clock = systemClock): HttpClient {
  const client = new HttpClient({
    origin,
    connections: 1,
    timeoutMs,
    network: {},
    clock,
    onRequest: () => {},
  });
  after(() => client.close());
  return client;
}

const request = (bytes = 10) => ({
  method: 'POST' as const,
  path: '/PutLogs',
  headers: { 'content-type': 'text/plain' },
  body: Buffer.alloc(bytes, 'x'),
});

/** Calls `done` with each whole request of the connection: head and ten bytes of body. */
function eachRequest(socket: Socket, done: () => void): void {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\nxxxxxxxxxx')) return;
    text = '';
    done();
  });
}

for (const ending of ['closed', 'reset'] as const) {
  test(`a connection that is ${ending} at the moment of its next use costs no attempt`, async () => {
    const { origin, connections } = await rawServer((socket, number) => {
      let requests = 0;
      eachRequest(socket, () => {
        requests += 1;
        if (number > 1 || requests === 1) socket.write(ANSWER);
        else if (ending === 'closed') socket.end();
        else socket.resetAndDestroy();
      });
    });
    const client = clientTo(origin);
    for (let i = 0; i < 3; i += 1) {
      const answer = await client.request(request(), never);
      assert.equal(answer.kind, 'answered', JSON.stringify(answer));
    }
    assert.equal(connections(), 2);
  });
}

for (const ending of ['closed', 'reset'] as const) {
  test(`a new connection that is ${ending} without an answer is a failure, and is not tried again here`, async () => {
    const { origin, connections } = await rawServer((socket) => {
      eachRequest(socket, () => (ending === 'closed' ? socket.end() : socket.resetAndDestroy()));
    });
    const answer = await clientTo(origin).request(request(), never);
    assert.equal(answer.kind, 'failed');
    assert.equal(connections(), 1);
  });
}

test('a service that always closes used connections gets at most two requests for one attempt', async () => {
  let requests = 0;
  const { origin } = await rawServer((socket) => {
    let first = true;
    eachRequest(socket, () => {
      requests += 1;
      // A little of an answer, so that the connection is one that has been read from.
      if (first) socket.write(ANSWER);
      else socket.end();
      first = false;
    });
  });
  const client = clientTo(origin);
  for (let i = 0; i < 5; i += 1) assert.equal((await client.request(request(), never)).kind, 'answered');
  assert.ok(requests <= 9, `${requests} requests`);
});

test('a connection that was idle for as long as a frozen process is not used again, because it may be dead', async () => {
  const { origin, connections } = await rawServer((socket, number) => {
    let requests = 0;
    eachRequest(socket, () => {
      requests += 1;
      // Behind its first answer the first connection is silent, as one that a gateway has forgotten.
      if (number > 1 || requests === 1) socket.write(ANSWER);
    });
  });
  let frozenMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + frozenMs };
  const client = clientTo(origin, 1000, clock);
  assert.equal((await client.request(request(), never)).kind, 'answered');
  frozenMs = 30_000;
  assert.equal((await client.request(request(), never)).kind, 'answered');
  assert.equal((await client.request(request(), never)).kind, 'answered', 'and the new one is kept');
  assert.equal(connections(), 2);
});

test('an attempt at a server that accepts and does not answer ends at the deadline, and its connection is closed', async () => {
  const { origin, closed } = await rawServer((socket) => socket.resume());
  const answer = await clientTo(origin, 100).request(request(), never);
  assert.ok(answer.kind === 'failed');
  assert.equal(answer.code, 'TIMEOUT');
  await until('the connection is closed', () => closed() > 0, 2000);
});

test('a large body has more time: a second for every whole 32 KiB', () => {
  assert.equal(deadlineMs(15_000, 1000), 15_000);
  assert.equal(deadlineMs(15_000, 1024 * 1024), 47_000);
});

test('an answer that never ends is read in part only', async () => {
  const { origin, closed } = await rawServer((socket) => {
    eachRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nx-tls-requestid: r\r\ntransfer-encoding: chunked\r\n\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(`4000\r\n${'y'.repeat(0x4000)}\r\n`));
      };
      socket.on('drain', more);
      more();
    });
  });
  const answer = await clientTo(origin).request(request(), never);
  assert.ok(answer.kind === 'answered');
  assert.ok(answer.body.length <= 64 * 1024);
  await until('the connection is closed', () => closed() > 0, 2000);
});

test('an interim answer does not count: the next one does', async () => {
  const { origin } = await rawServer((socket) => {
    eachRequest(socket, () => {
      for (const interim of ['102 Processing', '103 Early Hints']) {
        socket.write(`HTTP/1.1 ${interim}\r\nx-tls-requestid: not yet\r\n\r\n`);
      }
      setImmediate(() => socket.write(ANSWER));
    });
  });
  const answer = await clientTo(origin).request(request(), never);
  assert.ok(answer.kind === 'answered', JSON.stringify(answer));
  assert.deepEqual([answer.status, answer.headers['x-tls-requestid']], [200, 'r']);
});

test('an attempt at a server that never ends the handshake of TLS ends at the deadline', async () => {
  const { origin, closed } = await rawServer((socket) => socket.resume());
  const answer = await clientTo(origin.replace('http:', 'https:'), 100).request(request(), never);
  assert.ok(answer.kind === 'failed');
  assert.match(answer.code, /TIMEOUT/);
  await until('the connection is closed', () => closed() > 0, 2000);
});

for (const [status, headers, reported] of [
  [200, '', 'retry'],
  [204, `${target.requestIdHeader}: r\r\n`, 'hold'],
  [302, `${target.requestIdHeader}: r\r\nlocation: /elsewhere\r\n`, 'hold'],
  [307, 'location: http://127.0.0.1:1/\r\n', 'hold'],
] as const) {
  test(`an answer ${status} ${headers ? 'of that kind' : 'without a request id'} is no success, and is not followed`, async () => {
    let requests = 0;
    const { origin } = await rawServer((socket) =>
      socket.on('data', () => {
        requests += 1;
        socket.write(`HTTP/1.1 ${status} X\r\n${headers}${status === 204 ? '' : 'content-length: 0\r\n'}\r\n`);
      }),
    );
    const retry = { baseMs: 60_000, maxMs: 600_000 };
    const shipper = createShipper({ ...optionsFor(addressOf(origin)), lingerMs: 0, retry });
    const kinds: string[] = [];
    shipper.on('warning', ({ kind }) => kinds.push(kind));
    shipper.write('{"a":1}');
    await until('it is reported', () => kinds.includes(reported));
    assert.equal(shipper.stats().pending, 1);
    assert.equal(requests, 1);
    await shipper.close({ timeoutMs: 0 });
  });
}

test('reset anywhere in the body, everything arrives, once and in order', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ compression: 'none', batch: { maxCount: 100 } });
  const points = [0, 1, 100, 1000, 4000, 5000, 1_000_000];
  emulator.faults(points.map((resetAfterBytes, i) => ({ match: { nth: 1 + i }, times: 1, resetAfterBytes })));
  const expected = write(shipper, 1000);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assertConserved(shipper.stats());
});

test('answers that are lost make duplicates under the same pack id, and nothing else', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ batch: { maxCount: 50 } });
  emulator.faults([2, 5, 9].map((nth) => ({ match: { nth }, times: 1, swallow: 'after' as const })));
  const expected = write(shipper, 1000);
  await shipper.flush();
  const report = checkLedger(new Map([['one', expected]]), emulator.logs());
  const { lost, reordered, altered, duplicated } = report;
  assert.deepEqual([lost, reordered, altered], [0, 0, 0], report.differences.join('\n'));
  assert.ok(duplicated > 0 && duplicated % 50 === 0, `${duplicated} duplicates`);
  const packs = new Map<string, Set<string>>();
  for (const { contents, packId } of emulator.logs()) {
    const n = contents.find(({ key }) => key === 'n')!.value;
    packs.set(n, (packs.get(n) ?? new Set()).add(packId));
  }
  for (const [n, ids] of packs) assert.equal(ids.size, 1, `record ${n} has ${ids.size} pack ids`);
});

test('without a service nothing is lost, and when it starts, everything arrives', async () => {
  const port = await closedPort();
  const retry = { baseMs: 5, maxMs: 20 };
  const shipper = createShipper({ ...optionsFor(addressOf(`http://127.0.0.1:${port}`)), lingerMs: 10, retry });
  after(() => shipper.close({ timeoutMs: 0 }));
  const expected = write(shipper, 100);
  await until('it has been tried', () => shipper.stats().retries > 3);
  assert.equal(shipper.stats().pending, 100);
  const emulator = await emulatorForTest({ port });
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
});

test('during many answers with 429 few requests are sent, memory stays flat, and all records are delivered afterwards', async () => {
  const { emulator, shipper } = await emulatorAndShipper({
    hashKey: 'none',
    concurrency: 16,
    batch: { maxCount: 10 },
    retry: { baseMs: 50, maxMs: 400 },
  });
  emulator.faults([{ code: target.codes.throttled }]);
  write(shipper, 2000);
  await until('it has been turned away', () => emulator.stats().requests >= 16);
  const [before, sinceMs] = [emulator.stats().requests, performance.now()];
  const { pendingBytes } = shipper.stats();
  await until('it has asked some more', () => emulator.stats().requests >= before + 10);
  const perSecond = (10 * 1000) / (performance.now() - sinceMs);
  assert.ok(perSecond < 50, `${perSecond} requests a second, sixteen lanes of their own would make hundreds`);
  assert.ok(shipper.stats().pendingBytes <= pendingBytes);
  emulator.faults([]);
  await shipper.flush();
  assert.equal(emulator.stats().logs, 2000);
  assert.equal(shipper.stats().pendingBytes, 0);
});

for (const hours of [-2, 2]) {
  const untimed = !target.isSigned && 'the target has no time in its requests';
  test(`a clock that is ${hours} hours off costs one request, and no record`, { skip: untimed }, async () => {
    const { emulator, shipper, warnings } = await emulatorAndShipper({ batch: { maxCount: 100 } });
    emulator.faults([{ clockSkewMs: hours * 3_600_000 }]);
    const expected = write(shipper, 1000);
    await shipper.flush();
    assertLedger(new Map([['one', expected]]), emulator.logs());
    const { requests, retries } = shipper.stats();
    assert.deepEqual([requests, retries], [11, 0]);
    assert.match(warnings[0]!.message, /the clock of this machine is 7\d\d\d s (behind|ahead)/);
  });
}

test('if the service refuses every time, the records are held, and few requests are sent', async () => {
  const { emulator, shipper } = await emulatorAndShipper({ retry: { baseMs: 50, maxMs: 200 } });
  emulator.faults([{ code: target.codes.time, headers: { date: 'Thu, 01 Jan 2026 00:00:00 GMT' } }]);
  write(shipper, 10);
  await until('it is held', () => shipper.stats().retries >= 2);
  const { pending, requests, retries } = shipper.stats();
  assert.equal(pending, 10);
  assert.ok(requests <= 2 + retries, `${requests} requests, ${retries} retries`);
  emulator.faults([]);
  await shipper.flush();
  assert.equal(emulator.logs().length, 10);
});
