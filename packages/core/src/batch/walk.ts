// The records within a sealed batch, and the batch in halves.
//
// Takes: a sealed batch. Gives: its records' entries in order; or two batches in its place, in halves or by what is
// asked of each record, with its pack id, hash key and envelope, byte for byte. Keeps: nothing. Never: a half of what it cannot walk to the end: it
// throws, and the caller still has the whole.
//
// Between head and tail a body is entries, of every target: `0a <length> <Log>`, field 1 of the message around them.

import { readVarint } from '../record/varint';
import { type Compressed, decompress } from './compress';
import { type SealedBatch, sealBatch } from './sealed-batch';

const ENTRY_TAG = 0x0a;

export interface PartOptions {
  /** The target's: what stands before entries and tail that have so many bytes together. */
  readonly head: (bytes: number) => Uint8Array;
  readonly compress: (raw: Buffer) => Compressed;
}

/** Each record's `Log`, without tag and length. @throws if the batch is not what it says it is */
export function logsOf(batch: SealedBatch): Buffer[] {
  return opened(batch).logs;
}

/** As `logsOf`, and what the frame put behind the records. @throws as `logsOf` */
export function opened(batch: SealedBatch): { logs: Buffer[]; tail: Buffer } {
  const { raw, starts } = walk(batch);
  return { logs: starts.map((_, i) => logAt(raw, starts, i, batch.entriesTo)), tail: raw.subarray(batch.entriesTo) };
}

function logAt(raw: Buffer, starts: readonly number[], i: number, entriesTo: number): Buffer {
  return raw.subarray(readVarint(raw, starts[i]! + 1).next, starts[i + 1] ?? entriesTo);
}

/** The first half and the second; nothing for a single record. @throws if the batch is not what it says it is */
export function halve(batch: SealedBatch, options: PartOptions): SealedBatch[] {
  if (batch.count === 1) return [];
  const walked = walk(batch);
  const firstCount = Math.ceil(batch.count / 2);
  const all = walked.starts.map((_, i) => i);
  return [all.slice(0, firstCount), all.slice(firstCount)].map((part) => partOf(batch, walked, part, options));
}

export interface Sifted {
  /** Nothing if there is none such. */
  readonly kept: SealedBatch | undefined;
  readonly others: SealedBatch | undefined;
}

/** The records that `isKept` says yes to, and the others, each in order. @throws as `halve` */
export function sift(batch: SealedBatch, isKept: (log: Buffer) => boolean, options: PartOptions): Sifted {
  const walked = walk(batch);
  const kept: number[] = [];
  const others: number[] = [];
  for (const i of walked.starts.keys()) {
    (isKept(logAt(walked.raw, walked.starts, i, batch.entriesTo)) ? kept : others).push(i);
  }
  if (others.length === 0) return { kept: batch, others: undefined };
  if (kept.length === 0) return { kept: undefined, others: batch };
  return { kept: partOf(batch, walked, kept, options), others: partOf(batch, walked, others, options) };
}

/** A batch of some of the records, by their places in the whole; its first is the first of them. */
function partOf(batch: SealedBatch, walked: Walked, part: readonly number[], options: PartOptions): SealedBatch {
  const { raw, starts } = walked;
  const { packId, hashKey, entriesTo } = batch;
  const entries = Buffer.concat(part.map((i) => raw.subarray(starts[i], starts[i + 1] ?? entriesTo)));
  const tail = raw.subarray(entriesTo);
  const head = options.head(entries.length + tail.length);
  const place = { entriesFrom: head.length, entriesTo: head.length + entries.length };
  const unsealed = { firstRecord: batch.firstRecord + part[0]!, packId, hashKey, count: part.length, ...place };
  return sealBatch(unsealed, Buffer.concat([head, entries, tail]), options.compress);
}

interface Walked {
  readonly raw: Buffer;
  readonly starts: number[];
}

/** The whole body, and where in it each record's entry begins. */
function walk({ entriesFrom, entriesTo, count, ...compressed }: SealedBatch): Walked {
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
