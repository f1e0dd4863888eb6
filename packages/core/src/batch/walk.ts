// The records within a sealed batch, and the batch in halves.
//
// Takes: a sealed batch. Gives: its records' entries in order; or two batches in its place, with its pack id,
// hash key and envelope, byte for byte. Keeps: nothing. Never: a half of what it cannot walk to the end: it
// throws, and the caller still has the whole.
//
// Between head and tail a body is entries, of every target: `0a <length> <Log>`, field 1 of the message around them.

import { readVarint } from '../record/varint';
import { type Compressed, decompress } from './compress';
import { type SealedBatch, sealBatch } from './sealed-batch';

const ENTRY_TAG = 0x0a;

export interface HalveOptions {
  /** The target's: what stands before entries and tail that have so many bytes together. */
  readonly head: (bytes: number) => Uint8Array;
  readonly compress: (raw: Buffer) => Compressed;
}

/** Each record's `Log`, without tag and length. @throws if the batch is not what it says it is */
export function logsOf(batch: SealedBatch): Buffer[] {
  const { raw, starts } = walk(batch);
  return starts.map((start, i) => {
    const { next } = readVarint(raw, start + 1);
    return raw.subarray(next, starts[i + 1] ?? batch.entriesTo);
  });
}

/** The first half and the second; nothing for a single record. @throws if the batch is not what it says it is */
export function halve(batch: SealedBatch, options: HalveOptions): SealedBatch[] {
  if (batch.count === 1) return [];
  const { raw, starts } = walk(batch);
  const { firstRecord, packId, hashKey, entriesFrom, entriesTo } = batch;
  const tail = raw.subarray(entriesTo);
  const part = (skipped: number, count: number, entries: Buffer): SealedBatch => {
    const head = options.head(entries.length + tail.length);
    const place = { entriesFrom: head.length, entriesTo: head.length + entries.length };
    const unsealed = { firstRecord: firstRecord + skipped, packId, hashKey, count, ...place };
    return sealBatch(unsealed, Buffer.concat([head, entries, tail]), options.compress);
  };
  const firstCount = Math.ceil(batch.count / 2);
  const middle = starts[firstCount]!;
  return [
    part(0, firstCount, raw.subarray(entriesFrom, middle)),
    part(firstCount, batch.count - firstCount, raw.subarray(middle, entriesTo)),
  ];
}

/** The whole body, and where in it each record's entry begins. */
function walk({ entriesFrom, entriesTo, count, ...compressed }: SealedBatch): { raw: Buffer; starts: number[] } {
  const raw = decompress(compressed);
  const starts: number[] = [];
  let at = entriesFrom;
  while (at < entriesTo && raw[at] === ENTRY_TAG) {
    starts.push(at);
    const { value, next } = readVarint(raw, at + 1);
    at = next + value;
  }
  if (at !== entriesTo || starts.length !== count || raw.length !== compressed.rawBytes) {
    throw new Error(`the batch is damaged: ${starts.length} of ${count} records can be read`);
  }
  return { raw, starts };
}
