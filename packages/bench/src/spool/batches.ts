// Batches and spools for the benchmark of the spool: real bodies in the layout of Volcengine TLS.

import { join } from 'node:path';
import { compressor } from '@putlogs/core/internal/batch/compress';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { varintBytes, writeVarint } from '@putlogs/core/internal/protobuf/varint';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { Disk, makeDirectory } from '@putlogs/core/internal/spool/disk';
import { Journal, withoutEvents } from '@putlogs/core/internal/spool/journal';
import { JournalWriter } from '@putlogs/core/internal/spool/journal-writer';
import { nameHash, partName, progressName, ROOT } from '@putlogs/core/internal/spool/names';
import { ProgressFile } from '@putlogs/core/internal/spool/progress';
import { volcTls } from '@putlogs/core/internal/targets/tls/put-logs';
import { KEYS, REGION, TOPIC_ID } from '../contender';

export const TARGET = volcTls({
  endpoint: 'http://127.0.0.1:1',
  region: REGION,
  topicId: TOPIC_ID,
  credentials: () => ({ ...KEYS, securityToken: undefined }),
});
export const INSTANCE = 'spool-bench';
export const HASH_KEY = 'a'.repeat(32);
const PREFIX = 'BE4C4BE4C4BE4C40';

const compress = compressor('lz4', () => {});
const plain = compressor('none', () => {});

/** A record: its number and some text. */
function logOf(n: number, textBytes: number): Buffer {
  const time = Buffer.alloc(8);
  const timeBytes = writeVarint(time, 0, 1_700_000_000_000 + n);
  return Buffer.concat([
    Buffer.from([0x08]),
    time.subarray(0, timeBytes),
    contentOf('n', `${n}`),
    contentOf('text', 'x'.repeat(textBytes)),
  ]);
}

function contentOf(key: string, value: string): Buffer {
  return field(0x12, Buffer.concat([field(0x0a, Buffer.from(key)), field(0x12, Buffer.from(value))]));
}

function field(tag: number, content: Buffer): Buffer {
  const head = Buffer.alloc(1 + varintBytes(content.length));
  head[0] = tag;
  writeVarint(head, 1, content.length);
  return Buffer.concat([head, content]);
}

/** @param isPlain without compression, so that the body has about `textBytes` for each record */
export function batchOf(
  sequence: number,
  firstRecord: number,
  count: number,
  textBytes: number,
  isPlain = false,
): SealedBatch {
  const entries = Buffer.concat(
    Array.from({ length: count }, (_, i) => field(0x0a, logOf(firstRecord + i, textBytes))),
  );
  const packId = `${PREFIX}-${sequence.toString(16).toUpperCase()}`;
  const envelope = { source: 'bench', topic: '', fileName: '', tags: {}, packId };
  const { head, tail } = TARGET.frame(envelope, entries.length);
  const place = { entriesFrom: head.length, entriesTo: head.length + entries.length };
  const unsealed = { firstRecord, packId, hashKey: HASH_KEY, count, ...place };
  return sealBatch(unsealed, Buffer.concat([head, entries, tail]), isPlain ? plain : compress);
}

/** The journal of a run of this benchmark's instance in a spool. */
export function journalIn(dir: string, maxBytes: number): { journal: Journal; writer: JournalWriter } {
  const run = newRun(systemClock.wallMs());
  const destination = JSON.stringify(TARGET.identity);
  const name = partName({
    destination: nameHash(JSON.stringify([destination, TARGET.bodyLayout])),
    instance: nameHash(INSTANCE),
    origin: run,
    owner: 'free',
  });
  const root = join(dir, ROOT);
  const directory = join(root, name);
  const disk = new Disk(false);
  const progress = new ProgressFile(disk, () => join(directory, progressName(0)));
  const ignore = () => {};
  const journal = new Journal(
    withoutEvents({ disk, clock: systemClock, directory: () => directory, key: 0, progress }),
    { run, instance: INSTANCE, destination, hashKey: HASH_KEY, inFlight: 1 },
  );
  const writer = new JournalWriter({
    disk,
    clock: systemClock,
    journal,
    progress,
    key: 0,
    layout: TARGET.bodyLayout,
    makeDirectory: () => {
      makeDirectory(root);
      makeDirectory(directory);
    },
    maxBytes,
    budgetBytes: () => maxBytes,
    onEvict: ignore,
  });
  return { journal, writer };
}
