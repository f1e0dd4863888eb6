// Journals in a spool, written by the real writer without a process around it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Batcher } from '@putlogs/core/internal/batch/batcher';
import { codecOf, compressor } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { SizeLimit } from '@putlogs/core/internal/batch/size-limit';
import { ANONYMOUS } from '@putlogs/core/internal/credentials/types';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { newRun } from '@putlogs/core/internal/runtime/run';
import { createEncoder } from '@putlogs/core/internal/shipper/encoder';
import { Disk } from '@putlogs/core/internal/spool/disk';
import type { EntryFlags } from '@putlogs/core/internal/spool/format';
import { Journal, withoutEvents } from '@putlogs/core/internal/spool/journal';
import { JournalWriter } from '@putlogs/core/internal/spool/journal-writer';
import { nameHash, partName, progressName, ROOT } from '@putlogs/core/internal/spool/names';
import { ProgressFile } from '@putlogs/core/internal/spool/progress';
import type { DiskUnit } from '@putlogs/core/internal/spool/segment';
import { loadTarget } from '@putlogs/core/internal/targets/load';
import { START_MS } from './start-time';
import { target as defaultTarget } from './targets';

/** As a process in a test without a service has them. */
export const journalOptions = resolveOptions(
  {
    target: defaultTarget.name,
    endpoint: 'http://127.0.0.1:9',
    ...defaultTarget.place,
    ...(defaultTarget.isSigned ? { credentials: { accessKeyId: 'a', accessKeySecret: 'b' } } : {}),
    instance: 'one',
    source: 'a-host',
  },
  {},
);

const target = loadTarget(journalOptions, () => ANONYMOUS);
const destination = JSON.stringify(target.identity);

/** A batch of numbered records. */
export function batchOf(from: number, count: number, packId?: string): SealedBatch {
  const sealed: SealedBatch[] = [];
  const batcher = new Batcher({
    ...createEncoder(journalOptions, target, systemClock),
    maxBytes: journalOptions.batch.maxBytes,
    size: new SizeLimit(journalOptions.batch, systemClock),
    lingerMs: 1000,
    clock: systemClock,
    compress: compressor(codecOf('lz4'), () => {}),
    onBegun: () => {},
    onHeld: () => {},
    onSealed: (batch) => sealed.push(batch),
    onFailed: (_records, error) => {
      throw error;
    },
  });
  for (let n = from; n < from + count; n += 1) {
    const bytes = Buffer.from(JSON.stringify({ time: START_MS + n, level: 30, instance: 'one', n }));
    batcher.add(bytes, 0, bytes.length);
  }
  batcher.seal();
  return { ...sealed[0]!, ...(packId === undefined ? {} : { packId }) };
}

export interface WrittenJournal {
  /** The part's directory. */
  readonly path: string;
  readonly run: string;
  readonly journal: Journal;
  readonly writer: JournalWriter;
  append(batch: SealedBatch, flags?: Partial<EntryFlags>): DiskUnit;
}

export interface JournalPlan {
  readonly run?: string;
  readonly owner?: string;
  readonly instance?: string;
  readonly destination?: string;
  readonly maxBytes?: number;
}

/** A journal in the spool `dir`, held by its own run unless another owner is named. */
export function journalIn(dir: string, plan: JournalPlan = {}): WrittenJournal {
  const run = plan.run ?? newRun(Date.now());
  const instance = plan.instance ?? 'one';
  const place = plan.destination ?? destination;
  const name = partName({
    destination: nameHash(JSON.stringify([place, target.bodyLayout])),
    instance: nameHash(instance),
    origin: run,
    owner: plan.owner ?? run,
  });
  const path = join(dir, ROOT, name);
  const disk = new Disk(false);
  const progress = new ProgressFile(disk, () => join(path, progressName(0)));
  const ignore = () => {};
  const journal = new Journal(withoutEvents({ disk, clock: systemClock, directory: () => path, key: 0, progress }), {
    run,
    instance,
    destination: place,
    hashKey: 'a'.repeat(32),
    inFlight: 1,
  });
  const maxBytes = plan.maxBytes ?? 2 ** 40;
  const writer = new JournalWriter({
    disk,
    clock: systemClock,
    journal,
    progress,
    key: 0,
    layout: target.bodyLayout,
    makeDirectory: () => mkdirSync(path, { recursive: true, mode: 0o700 }),
    maxBytes,
    budgetBytes: () => maxBytes,
    onEvict: ignore,
  });
  const append = (batch: SealedBatch, flags: Partial<EntryFlags> = {}) => {
    const appended = writer.append(batch, { firstIndex: 0, mayBeSent: false, isPart: false, ...flags });
    if (appended.kind === 'failed') throw new Error(`${appended.code}: ${appended.message}`);
    return appended.unit;
  };
  return { path, run, journal, writer, append };
}
