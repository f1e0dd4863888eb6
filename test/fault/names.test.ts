// A service whose name leads nowhere, late, or to several addresses; and what is not asked for the way there.

import assert from 'node:assert/strict';
import dns, { type LookupAddress } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createShipper, type Shipper } from '@putlogs/core';
import { runChild } from '../support/child';
import { closedPort, type Emulator, emulatorForTest, environmentFor, optionsFor } from '../support/emulator';
import { assertLedger } from '../support/ledger';
import { write } from '../support/shipper';

type Answered = (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void;
type Lookup = (host: string, options: unknown, answered: Answered) => void;

const LOOPBACK: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }];

/** What becomes of a look-up of this name by node's sockets; of other names what ever does. */
function resolveBy(name: string, look: (attempt: number, answered: Answered) => void): void {
  const { lookup } = dns;
  const system = lookup as unknown as Lookup;
  let attempts = 0;
  const own: Lookup = (host, options, answered) => {
    if (host !== name) return system(host, options, answered);
    attempts += 1;
    return look(attempts, answered);
  };
  dns.lookup = own as unknown as typeof dns.lookup;
  after(() => {
    dns.lookup = lookup;
  });
}

function shippingTo(name: string, emulator: Emulator, requestTimeoutMs = 5000): Shipper {
  const endpoint = emulator.url.replace('127.0.0.1', name);
  const retry = { baseMs: 1, maxMs: 20 };
  const shipper = createShipper({ ...optionsFor(emulator), endpoint, requestTimeoutMs, retry });
  after(() => shipper.close({ timeoutMs: 0 }));
  return shipper;
}

test('a name that cannot be resolved, or not in time, is resolved again later, and then everything arrives', async () => {
  const emulator = await emulatorForTest();
  resolveBy('late.localhost', (attempt, answered) => {
    if (attempt <= 2) answered(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    else if (attempt === 3) answered(Object.assign(new Error('not now'), { code: 'EAI_AGAIN' }));
    // The fourth has no answer, as where a resolver is gone: the deadline of the attempt ends it.
    else if (attempt > 4) answered(null, LOOPBACK);
  });
  const shipper = shippingTo('late.localhost', emulator, 300);
  const warnings: string[] = [];
  shipper.on('warning', ({ message }) => warnings.push(message));
  const expected = write(shipper, 100);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.ok(shipper.stats().retries >= 4, `${shipper.stats().retries} retries`);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /ENOTFOUND: no such name/);
});

test('a name with an address that refuses connections is reached by its other address', async () => {
  const emulator = await emulatorForTest();
  resolveBy('two.localhost', (_attempt, answered) => answered(null, [{ address: '::1', family: 6 }, ...LOOPBACK]));
  const shipper = shippingTo('two.localhost', emulator);
  const expected = write(shipper, 10);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
  assert.equal(shipper.stats().retries, 0);
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test('a service that has only an IPv6 address is reached', {
  skip: hasIpv6 ? false : 'this machine has no ::1',
}, async () => {
  const emulator = await emulatorForTest({ host: '::1' });
  assert.match(emulator.url, /\[::1\]/);
  const shipper = createShipper(optionsFor(emulator));
  after(() => shipper.close({ timeoutMs: 0 }));
  const expected = write(shipper, 10);
  await shipper.flush();
  assertLedger(new Map([['one', expected]]), emulator.logs());
});

test('a proxy in the environment is not used for this machine', async () => {
  const emulator = await emulatorForTest();
  const proxy = `http://127.0.0.1:${await closedPort()}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
  const proxies = Object.fromEntries(names.map((name) => [name, proxy]));
  const env = environmentFor(emulator, { ...proxies, NO_PROXY: '', no_proxy: '', NODE_USE_ENV_PROXY: '1' });
  const { stdout, stderr } = await runChild(join(__dirname, 'apps/one-record.js'), { env });
  assert.equal((JSON.parse(stdout) as { delivered: number }).delivered, 1, stderr);
});
