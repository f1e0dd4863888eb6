// Measures the cost of a `transform` module and of other options for fields: the time of `write()` for one request log,
// in this thread, as a ratio to the time without these options.
//
//   npm run build && node scripts/transform-cost.mjs
//
// `write()` transcodes, and seals and compresses full batches. Nothing is sent while the time is measured. The variants
// alternate, and the result is the median of the ratios.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../test/package.json', import.meta.url));
const { createShipper } = require('@putlogs/core');
const { createEmulator } = require('@putlogs/emulator');

const RECORDS = 20_000;
const ROUNDS = 15;

const folder = await mkdtemp(join(tmpdir(), 'putlogs-transform-'));
const same = join(folder, 'same.cjs');
writeFileSync(same, 'module.exports = (record) => record;\n');
const masked = join(folder, 'masked.cjs');
writeFileSync(
  masked,
  "module.exports = (r) => ({ ...r, req: { ...r.req, remoteAddress: r.req.remoteAddress.replace(/\\d+$/, '0') } });\n",
);

const CONTENDERS = {
  'none of these': {},
  'fields, rename and omit': { fields: { env: 'prod' }, rename: { msg: 'message' }, omit: ['pid', 'hostname'] },
  "nested: 'flatten'": { nested: 'flatten' },
  'transform that returns its argument': { transform: same },
  'transform that masks an address': { transform: masked },
};

const lines = Array.from({ length: RECORDS }, (_, id) =>
  JSON.stringify({
    level: 30,
    time: Date.now() + (id >> 6),
    pid: 4711,
    hostname: 'shop-7d4b9c-x2x1p',
    req: {
      id,
      method: 'GET',
      url: `/api/orders/${id % 977}?full=1`,
      headers: { host: 'shop.example.com', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: '*/*' },
      remoteAddress: `10.1.${id % 200}.${id % 250}`,
      remotePort: 40_000 + (id % 9999),
    },
    res: { statusCode: id % 50 === 0 ? 404 : 200, headers: { 'content-type': 'application/json' } },
    responseTime: (id * 7919) % 300,
    msg: 'request completed',
  }),
);

const emulator = await createEmulator({ port: 0 });
const { accessKeyId, accessKeySecret } = emulator;

async function nanosPerRecord(options) {
  const shipper = createShipper({
    target: 'volc-tls',
    endpoint: emulator.url,
    region: 'cn-beijing',
    topicId: 'cost',
    credentials: { accessKeyId, accessKeySecret },
    ...options,
  });
  const began = process.hrtime.bigint();
  for (const line of lines) shipper.write(line);
  const nanos = Number(process.hrtime.bigint() - began) / RECORDS;
  await shipper.close();
  const { delivered } = shipper.stats();
  if (delivered !== RECORDS) throw new Error(`${delivered} of ${RECORDS} arrived`);
  emulator.reset();
  return nanos;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

const times = Object.fromEntries(Object.keys(CONTENDERS).map((name) => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, options] of Object.entries(CONTENDERS)) {
    const nanos = await nanosPerRecord(options);
    // The engine needs the first two rounds to find the hot code.
    if (round >= 0) times[name].push(nanos);
  }
}
await emulator.close();
await rm(folder, { recursive: true });

const [base] = Object.keys(CONTENDERS);
process.stdout.write(`${lines[0].length} bytes a record, node ${process.version}\n`);
for (const [name, nanos] of Object.entries(times)) {
  const ratio = median(nanos.map((time, round) => time / times[base][round]));
  process.stdout.write(`${name.padEnd(40)} ${(median([...nanos]) / 1000).toFixed(1)} us  x${ratio.toFixed(1)}\n`);
}
