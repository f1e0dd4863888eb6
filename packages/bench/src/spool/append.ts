// Appending to a journal: entries per second, compared with a checksum and the writes alone.

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { entryHeaderBytes } from '@putlogs/core/internal/spool/format';
import { batchOf, journalIn } from './batches';

const SIZES = [200, 4096, 16 * 1024, 64 * 1024, 1024 * 1024];
const TURNS = 15;
/** Approximate number of bytes that one turn writes. */
const TURN_BYTES = 16 * 1024 * 1024;
const MOST_ENTRIES = 20_000;
const FLAGS = { firstIndex: 0, mayBeSent: false, isPart: false };

export interface AppendRow {
  readonly bytes: number;
  readonly microsOurs: number;
  readonly microsFloor: number;
  readonly ratio: number;
}

export function measureAppend(): AppendRow[] {
  return SIZES.map((bytes) => {
    const batch = batchOf(1, 0, 1, bytes - 100, true);
    const times = Math.max(16, Math.min(MOST_ENTRIES, Math.floor(TURN_BYTES / bytes)));
    let [ours, floor] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let turn = 0; turn < TURNS; turn += 1) {
      inDirectory((dir) => {
        const { writer } = journalIn(dir, 2 ** 40);
        writer.append(batch, FLAGS);
        ours = Math.min(
          ours,
          microsOf(times, () => writer.append(batch, FLAGS)),
        );
        writer.close();
      });
      inDirectory((dir) => {
        const file = openSync(join(dir, 'floor'), 'w');
        const header = Buffer.alloc(entryHeaderBytes(batch.packId));
        let at = 300;
        floor = Math.min(
          floor,
          microsOf(times, () => {
            crc32(batch.body);
            writeSync(file, header, 0, header.length, at);
            writeSync(file, batch.body, 0, batch.body.length, at + header.length);
            at += header.length + batch.body.length;
          }),
        );
        closeSync(file);
      });
    }
    return { bytes: batch.body.length, microsOurs: ours, microsFloor: floor, ratio: floor / ours };
  });
}

function microsOf(times: number, run: () => void): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i += 1) run();
  return Number(process.hrtime.bigint() - start) / 1000 / times;
}

function inDirectory(use: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'putlogs-append-'));
  try {
    use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
