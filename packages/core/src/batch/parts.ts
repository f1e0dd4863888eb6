// Batches made of the records of other batches: parts of a batch that was split, and small batches joined.
//
// A part or a joined batch has an id of its own. It begins with the id of the batch in which its first record was
// sealed. 8 hex digits follow: a CRC-32 of the index of its first record in that batch, the number of its records, and
// its encoded records. So an id needs no storage and survives a restart. Equal ids mean equal records, so
// a reader that drops an id it has seen loses nothing. Without the index, both halves of a batch of equal lines would
// have the same id.

import { crc32 } from 'node:zlib';
import type { Compressed } from './compress';
import type { Envelope, Frame } from './open-batch';
import { type SealedBatch, sealBatch } from './sealed-batch';
import { type UnpackedBatch, unpackBatch } from './unpack';

const PART_DIGITS = 8;

/** The functions of a target and a compressor with which records are put into another frame. */
export interface Reframing {
  readonly frame: (envelope: Envelope, logBytes: number) => Frame;
  readonly readTail: (tail: Buffer) => Envelope;
  readonly compress: (raw: Buffer) => Compressed;
}

/** Returns the id with which the batch was sealed. The id of a part begins with it. */
export function sealedId(packId: string, isPart: boolean): string {
  return isPart ? packId.slice(0, -PART_DIGITS) : packId;
}

/** Returns the number of the batch in its run. The sealed id ends with it. */
export function sequenceOf(packId: string, isPart: boolean): number {
  return Number.parseInt(sealedId(packId, isPart).split('-')[1] ?? '', 16);
}

/**
 * Returns a batch of some of the records.
 * @param indexes which records of the unpacked batch, in ascending order
 * @param firstIndex the index of the first of these records in the batch that `baseId` names
 */
export function partOf(
  unpacked: UnpackedBatch,
  indexes: readonly number[],
  baseId: string,
  firstIndex: number,
  reframing: Reframing,
): SealedBatch {
  const { batch, raw, starts, tail } = unpacked;
  const entries = Buffer.concat(indexes.map((i) => raw.subarray(starts[i], starts[i + 1] ?? batch.entriesTo)));
  const { hashKey, firstRecord } = batch;
  const place = { hashKey, firstRecord: firstRecord + indexes[0]!, firstIndex };
  return framed(entries, indexes.length, baseId, place, reframing.readTail(tail), reframing);
}

/** Returns one batch with the records of several, in order, in the frame of the first. @throws as `unpackBatch` */
export function joinBatches(batches: readonly SealedBatch[], reframing: Reframing): SealedBatch {
  const first = batches[0]!;
  const unpacked = batches.map(unpackBatch);
  const entries = unpacked.map(({ batch, raw }) => raw.subarray(batch.entriesFrom, batch.entriesTo));
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const { hashKey, firstRecord, packId } = first;
  const place = { hashKey, firstRecord, firstIndex: 0 };
  return framed(Buffer.concat(entries), count, packId, place, reframing.readTail(unpacked[0]!.tail), reframing);
}

function framed(
  entries: Buffer,
  count: number,
  baseId: string,
  { hashKey, firstRecord, firstIndex }: { hashKey: string; firstRecord: number; firstIndex: number },
  envelope: Envelope,
  { frame, compress }: Reframing,
): SealedBatch {
  const place = Buffer.allocUnsafe(8);
  place.writeUInt32LE(firstIndex, 0);
  place.writeUInt32LE(count, 4);
  const digits = crc32(entries, crc32(place)).toString(16).toUpperCase().padStart(PART_DIGITS, '0');
  const packId = `${baseId}${digits}`;
  const { head, tail } = frame({ ...envelope, packId }, entries.length);
  const range = { entriesFrom: head.length, entriesTo: head.length + entries.length };
  const unsealed = { firstRecord, packId, hashKey, count, ...range };
  return sealBatch(unsealed, Buffer.concat([head, entries, tail]), compress);
}
