// Names of fields at each of the four targets: `fieldNames`, `rename`, and a service that refuses a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentsOf, type EmulatorOptions, until } from '../support/emulator';
import { assertConserved, emulatorAndShipper } from '../support/shipper';
import { START_MS } from '../support/start-time';
import { TARGET_NAMES, type TargetName, targetNamed } from '../support/targets';

type Options = NonNullable<Parameters<typeof emulatorAndShipper>[0]>;

const SLS_NAMES = TARGET_NAMES.filter((name) => name.startsWith('aliyun-'));
/** The rule of an old page, which a service may still have. */
const STRICT: EmulatorOptions = { slsStrictKeys: true };

/** The fields that arrive for one record. */
async function arrived(
  name: TargetName,
  fields: string,
  options: Options,
  service: EmulatorOptions = {},
): Promise<Record<string, string>> {
  const { emulator, shipper, warnings } = await emulatorAndShipper(options, service, targetNamed(name));
  assert.ok(shipper.write(`{"time":${START_MS},${fields}}`));
  await shipper.flush();
  assert.deepEqual(warnings, []);
  return contentsOf(emulator.logs()[0]!);
}

const HARD = `"http.method":"GET","req-id":"7","a b":"c","a/b":"d","9th":"e","_id":"f","用户":"g","":"h","__time__":"i",
  "__tag__:env":"j"," ":"k"`.replaceAll(/\n */g, '');

for (const name of TARGET_NAMES) {
  test(`portable names are the same at ${name} as everywhere, and also a strict service accepts them`, async () => {
    assert.deepEqual(await arrived(name, HARD, { fieldNames: 'portable' }, STRICT), {
      http_method: 'GET',
      req_id: '7',
      a_b: 'c',
      a_b_2: 'd',
      x9th: 'e',
      x_id: 'f',
      u7528u6237: 'g',
      x: 'h',
      x__time__: 'i',
      x__tag___env: 'j',
      x_: 'k',
    });
  });

  test(`asIs is the default at ${name}`, async () => {
    assert.deepEqual(await arrived(name, HARD, {}), await arrived(name, HARD, { fieldNames: 'asIs' }));
  });

  test(`rename can send a field under every name that ${name} accepts`, async () => {
    const isSls = SLS_NAMES.includes(name);
    const names = isSls ? ['http.method', '用户', '_id', '@timestamp'] : ['http/method', 'a user', 'id_', '9'];
    const rename = Object.fromEntries(names.map((to, i) => [`f${i}`, to]));
    const fields = names.map((_, i) => `"f${i}":"${i}"`).join(',');
    const expected = Object.fromEntries(names.map((to, i) => [to, String(i)]));
    assert.deepEqual(await arrived(name, fields, { rename }), expected);
  });

  test(`a new name that ${name} reserves is changed`, async () => {
    const rename = { a: '__time__', b: '__source__' };
    const expected = { x__time__: '1', x__source__: '2' };
    assert.deepEqual(await arrived(name, '"a":1,"b":2', { rename }), expected);
  });

  test(`a field that has many fields left out behind it says so under a name that ${name} accepts`, async () => {
    const { emulator, shipper } = await emulatorAndShipper({ fieldNames: 'portable' }, STRICT, targetNamed(name));
    const fields = Array.from({ length: 12_000 }, (_, i) => `"${'n'.repeat(100)}${i}":1`);
    assert.ok(shipper.write(`{${fields.join(',')}}`));
    await shipper.flush();
    const { putlogs_left_out: leftOut } = contentsOf(emulator.logs()[0]!);
    assert.match(leftOut!, /^\d+ fields$/);
  });
}

test('the path of a flattened value keeps its dots where the service accepts them', async () => {
  const fields = '"req":{"method":"GET","headers":{"x-id":7}}';
  for (const name of TARGET_NAMES) {
    const expected = SLS_NAMES.includes(name)
      ? { 'req.method': 'GET', 'req.headers.x-id': '7' }
      : { req_method: 'GET', 'req_headers_x-id': '7' };
    assert.deepEqual(await arrived(name, fields, { nested: 'flatten' }), expected, name);
  }
});

for (const name of SLS_NAMES) {
  test(`a name that ${name} refuses costs its record only, and the warning names the option`, async () => {
    const { emulator, shipper, warnings } = await emulatorAndShipper({}, STRICT, targetNamed(name));
    for (let n = 0; n < 40; n += 1) {
      const field = n === 17 ? '"http.method":"GET"' : '"method":"GET"';
      assert.ok(shipper.write(`{"time":${START_MS + n},"n":${n},${field}}`));
    }
    await shipper.flush();
    const stats = shipper.stats();
    assert.deepEqual([stats.delivered, stats.dropped.rejected], [39, 1]);
    assertConserved(stats);
    const numbers = emulator.logs().map((log) => Number(contentsOf(log)['n']));
    assert.deepEqual(
      numbers,
      Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 17),
    );
    assert.deepEqual(
      warnings.map(({ kind }) => kind),
      ['rejected'],
    );
    assert.match(warnings[0]!.message, /InvalidKey.*http\.method.*fieldNames: 'portable'/);
  });

  test(`if ${name} refuses the names of every record, most records are held, and the warning names the option`, async () => {
    const { shipper, warnings } = await emulatorAndShipper({}, STRICT, targetNamed(name));
    for (let n = 0; n < 100; n += 1) shipper.write(`{"time":${START_MS + n},"http.method":"GET"}`);
    await until('it is held', () => warnings.some(({ kind }) => kind === 'hold'));
    const { delivered, dropped, pending } = shipper.stats();
    assert.equal(delivered, 0);
    assert.ok(dropped.rejected < 32, `${dropped.rejected} records`);
    assert.equal(pending, 100 - dropped.rejected);
    const hold = warnings.find(({ kind }) => kind === 'hold')!;
    assert.match(hold.message, /fieldNames: 'portable'/);
  });
}
