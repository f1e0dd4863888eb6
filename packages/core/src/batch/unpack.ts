// Reads the records of a sealed batch back as they were encoded.

import { readVarint } from '../protobuf/varint';
import { decompress } from './compress';
import type { SealedBatch } from './sealed-batch';

const ENTRY_TAG = 0x0a;

/** A batch and its body before compression. */
export interface UnpackedBatch {
  readonly batch: SealedBatch;
  readonly raw: Buffer;
  /** For each record, where its entry begins in `raw`. */
  readonly starts: readonly number[];
  /** The bytes behind the records. The target that framed the batch can read them. */
  readonly tail: Buffer;
}

/** @throws if the batch is damaged, or if the binding for its codec cannot be loaded */
export function unpackBatch(batch: SealedBatch): UnpackedBatch {
  const { entriesFrom, entriesTo, count, rawBytes } = batch;
  const raw = decompress(batch);
  const starts: number[] = [];
  let at = entriesFrom;
  while (at < entriesTo && raw[at] === ENTRY_TAG) {
    starts.push(at);
    const { value, next } = readVarint(raw, at + 1);
    at = next + value;
  }
  if (at !== entriesTo || starts.length !== count || raw.length !== rawBytes) {
    throw new Error(`the batch is damaged: ${starts.length} of ${count} records can be read`);
  }
  return { batch, raw, starts, tail: raw.subarray(entriesTo) };
}

/** Returns the `Log` of a record, without the tag and the length of its entry. */
export function logAt({ batch, raw, starts }: UnpackedBatch, index: number): Buffer {
  return raw.subarray(readVarint(raw, starts[index]! + 1).next, starts[index + 1] ?? batch.entriesTo);
}

/** Returns the `Log` of each record, as `logAt` does. */
export function logsIn(unpacked: UnpackedBatch): Buffer[] {
  return unpacked.starts.map((_, index) => logAt(unpacked, index));
}
