// The times of the first and the last record of a batch, by their times and not by their order.

import { readVarint } from '../protobuf/varint';
import type { SealedBatch } from './sealed-batch';
import { unpackBatch } from './unpack';

/** In the unit of the target's Log.Time. */
export interface RecordTimes {
  readonly earliest: number;
  readonly latest: number;
}

/**
 * Reads them from the encoded records in `body[from..to)`, each of which begins with its time.
 * @throws RangeError if these are other bytes
 */
export function recordTimesIn(body: Uint8Array, from: number, to: number): RecordTimes {
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; ) {
    const { value: bytes, next } = readVarint(body, at + 1);
    // Behind the tag of the time.
    const { value: time } = readVarint(body, next + 1);
    if (time < earliest) earliest = time;
    if (time > latest) latest = time;
    at = next + bytes;
  }
  return { earliest, latest };
}

/** The times of batches that were read from a disk, or are parts of other ones. Each is unpacked once. */
const unpacked = new WeakMap<SealedBatch, { readonly times: RecordTimes | undefined }>();

/** Returns undefined if the batch cannot be unpacked here: its codec cannot be loaded. It can still be sent. */
export function recordTimesOf(batch: SealedBatch): RecordTimes | undefined {
  if (batch.times !== undefined) return batch.times;
  let known = unpacked.get(batch);
  if (known === undefined) {
    known = { times: unpackedTimes(batch) };
    unpacked.set(batch, known);
  }
  return known.times;
}

function unpackedTimes(batch: SealedBatch): RecordTimes | undefined {
  try {
    return recordTimesIn(unpackBatch(batch).raw, batch.entriesFrom, batch.entriesTo);
  } catch {
    return undefined;
  }
}
