// Provokes every warning that can be provoked, one after the other, in this thread.
//
// The argument is the directory to work in. Stdout has a line of JSON for each warning. Stderr has the warnings as
// well, and as its last line the one that is printed at the end of the process, when no listener is called any more.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createShipper, createWorkerShipper, type PutlogsOptions, type RecordSink, type Warning } from '@putlogs/core';
import { ownIdentity } from '@putlogs/core/internal/spool/identity';
import { FREE, ownerName, type PartName, parsePart, partName, ROOT } from '@putlogs/core/internal/spool/names';
import { encodeOwner } from '@putlogs/core/internal/spool/owner-file';
import { createEmulator } from '@putlogs/emulator';
import { until } from '../../support/emulator';

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
    sink.on('warning', ({ code, message }) => process.stdout.write(`${JSON.stringify({ code, message })}\n`));
    return sink;
  };
  const run = async (options: PutlogsOptions, records = RECORDS, open?: typeof createWorkerShipper): Promise<void> => {
    const sink = start(options, open);
    for (let n = 0; n < records; n += 1) sink.write(JSON.stringify({ message: `poison ${n} ${LONG}` }));
    await sink.close({ timeoutMs: 200 });
  };

  await run({ endpoint: down });
  await run({ endpoint: down }, RECORDS, createWorkerShipper);
  await run({ credentials: { accessKeyId, accessKeySecret: 'wrong' } });
  await run({ credentials: { file: join(directory, 'none.json') } }, 1);
  emulator.faults([{ clockSkewMs: 840_000 * 2 }]);
  await run({});
  emulator.faults([{ match: { contains: 'poison' }, code: 'InvalidArgument' }]);
  await run({ deadLetter: { file: join(directory, 'dead.ndjson') } }, 1);
  const full = join(directory, 'full.ndjson');
  // The next line would make the current file larger than half of the limit.
  for (const name of [full, `${full}.1`]) writeFileSync(name, `${'x'.repeat(499)}\n`.repeat(1045));
  await run({ deadLetter: { file: full, maxBytes: 1024 * 1024 } }, 1);
  emulator.faults([]);

  const small = { maxBytes: 1024 * 1024 };
  await run({ endpoint: down, memory: small, compression: 'none' }, 2000);
  const oldest = { ...small, whenFull: 'dropOldest' } as const;
  await run({ endpoint: down, memory: oldest, compression: 'none', batch: { maxCount: 100 } }, 2000);

  writeFileSync(join(directory, 'file'), '');
  await run({ spool: { dir: join(directory, 'file/spool'), mode: 'always' } });
  const dir = join(directory, 'spool');
  const spool = { dir, mode: 'always', maxBytes: 4 * 1024 * 1024 } as const;
  await run({ endpoint: down, spool, compression: 'none', batch: { maxCount: 100 } }, 5000);
  const shrunk = { ...spool, maxBytes: 1024 * 1024 };
  const heir = start({ endpoint: down, spool: shrunk, batch: { maxBytes: 256 * 1024 } });
  await until('the records are adopted', () => heir.stats().recovered > 0);
  heir.write('{}');
  await warned(heir, 'earlier processes left');
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.seg')) continue;
    const bytes = readFileSync(join(dir, name));
    bytes[bytes.length >> 1]! ^= 0x10;
    writeFileSync(join(dir, name), bytes);
  }
  await run({ endpoint: down, spool }, 1);
  rmSync(dir, { recursive: true });

  const kept = { dir: join(directory, 'kept'), mode: 'always' } as const;
  await run({ endpoint: down, spool: kept }, 1);
  await run({ endpoint: down, spool: kept, topicId: 'elsewhere' }, 1);
  rmSync(join(kept.dir, ROOT, partName(partsIn(kept.dir).at(-1)!)), { recursive: true });
  giveToAnotherMachine(kept.dir);
  await warned(start({ endpoint: down, spool: kept }), 'may still run');
  const lost = { dir: join(directory, 'lost'), mode: 'always' } as const;
  const frozen = start({ endpoint: down, spool: lost });
  frozen.write('{}');
  await until('the directory is there', () => partsIn(lost.dir).length === 1);
  const [taken] = partsIn(lost.dir);
  renameSync(
    join(lost.dir, ROOT, partName(taken!)),
    join(lost.dir, ROOT, partName({ ...taken!, owner: 'f'.repeat(18) })),
  );
  await warned(frozen, 'now belongs to another process');
  const gone = { dir: join(directory, 'gone'), mode: 'always' } as const;
  const robbed = start({ endpoint: down, spool: gone, batch: { maxCount: 10 } });
  for (let n = 0; n < 20; n += 1) robbed.write('{}');
  await until('the records are on disk', () => robbed.stats().spooled === 20);
  rmSync(gone.dir, { recursive: true });
  await warned(robbed, 'was deleted');

  mkdirSync(join(directory, 'module'));
  const transform = join(directory, 'module/throws.cjs');
  writeFileSync(transform, "module.exports = () => { throw new Error('why'); };");
  await run({ transform }, 1);
  await emulator.close();
  start({ endpoint: down }).write('{}');
  process.exit();
}

/** Resolves when the sink has warned so, and is closed. */
async function warned(sink: Watched, words: string): Promise<void> {
  await new Promise<void>((resolve) => {
    sink.on('warning', ({ message }) => {
      if (message.includes(words)) resolve();
    });
  });
  await sink.close({ timeoutMs: 0 });
}

function partsIn(dir: string): PartName[] {
  const parts = readdirSync(join(dir, ROOT)).flatMap((name) => parsePart(name) ?? []);
  return parts.sort((a, b) => (a.origin < b.origin ? -1 : 1));
}

/** As if the process that left the directory had run on a machine that cannot be seen, and had not closed it. */
function giveToAnotherMachine(dir: string): void {
  const part = partsIn(dir).find(({ owner }) => owner === FREE)!;
  const root = join(dir, ROOT);
  const { destination, instance, origin } = part;
  renameSync(join(root, partName(part)), join(root, partName({ ...part, owner: origin })));
  const elsewhere = { ...ownIdentity(), host: 'orders-0', boot: 'another boot', pid: 1 };
  const owner = {
    run: origin,
    beat: 0,
    leaseMs: 30_000,
    socket: false,
    dev: '1',
    instance,
    dests: [destination],
    named: '',
  };
  writeFileSync(join(root, ownerName(origin)), encodeOwner({ ...elsewhere, ...owner }));
}

void main();
