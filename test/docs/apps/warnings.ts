// Everything that can be provoked of what is told, one after the other, in this thread.
// Takes: the directory to work in, as an argument. Gives: on stdout, a line of JSON for each warning; on stderr, last, what is told at
// the process's end, when nobody listens any more.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHost, createShipper, type PutlogsOptions, type RecordSink, type Warning } from '@putlogs/core';
import { createEmulator } from '@putlogs/emulator';

type Watched = RecordSink & { on(event: 'warning', listener: (warning: Warning) => void): unknown };

const directory = process.argv[2]!;
const RECORDS = 58;
const LONG = 'x'.repeat(1000);

async function main(): Promise<void> {
  const emulator = await createEmulator({ port: 0 });
  const { accessKeyId, accessKeySecret } = emulator;
  const base: PutlogsOptions = {
    target: 'volc-tls',
    endpoint: emulator.url,
    region: 'cn-beijing',
    topicId: 'warnings',
    credentials: { accessKeyId, accessKeySecret },
    lingerMs: 5,
    retry: { baseMs: 5, maxMs: 20 },
  };
  const down = 'http://127.0.0.1:1';
  const start = (options: PutlogsOptions, open: (options: PutlogsOptions) => Watched = createShipper): Watched => {
    const sink = open({ ...base, ...options });
    sink.on('warning', ({ kind, message }) => process.stdout.write(`${JSON.stringify({ kind, message })}\n`));
    return sink;
  };
  const run = async (options: PutlogsOptions, records = RECORDS, open?: typeof createHost): Promise<void> => {
    const sink = start(options, open);
    for (let n = 0; n < records; n += 1) sink.write(JSON.stringify({ message: `poison ${n} ${LONG}` }));
    await sink.close({ timeoutMs: 200 });
  };

  await run({ endpoint: down });
  await run({ endpoint: down }, RECORDS, createHost);
  await run({ credentials: { accessKeyId, accessKeySecret: 'wrong' } });
  await run({ credentials: { file: join(directory, 'none.json') } }, 1);
  emulator.faults([{ clockSkewMs: 840_000 * 2 }]);
  await run({});
  emulator.faults([{ match: { contains: 'poison' }, code: 'InvalidArgument' }]);
  await run({ deadLetter: { file: join(directory, 'dead.ndjson') } }, 1);
  emulator.faults([]);

  const small = { maxBytes: 1024 * 1024 };
  await run({ endpoint: down, memory: small, compression: 'none' }, 2000);
  const oldest = { ...small, whenFull: 'dropOldest' } as const;
  await run({ endpoint: down, memory: oldest, compression: 'none', batch: { maxCount: 100 } }, 2000);

  writeFileSync(join(directory, 'file'), '');
  await run({ spool: { dir: join(directory, 'file/spool'), mode: 'always' } });
  const dir = join(directory, 'spool');
  const spool = { dir, mode: 'always', maxBytes: 1024 * 1024 } as const;
  await run({ endpoint: down, spool, compression: 'none', batch: { maxCount: 100 } }, 2000);
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.batch')) writeFileSync(join(dir, name), 'damaged');
  }
  await run({ endpoint: down, spool }, 1);
  rmSync(dir, { recursive: true });

  mkdirSync(join(directory, 'module'));
  const transform = join(directory, 'module/throws.cjs');
  writeFileSync(transform, "module.exports = () => { throw new Error('why'); };");
  await run({ transform }, 1);
  await emulator.close();
  start({ endpoint: down }).write('{}');
  process.exit();
}

void main();
