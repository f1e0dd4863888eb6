// Batches made of other batches' records: parts of one that had to be cut, and small ones joined.
//
// A part, and a joined batch, has an id of its own: the id of the batch that its first record was sealed in, and 8 hex
// digits, the CRC-32 of (index of its first record in that batch, number of its records, its encoded records). So it needs no
// storage, survives restarts, and equal ids mean equal records: a reader that drops an id it has seen loses nothing.
// The index belongs in it: two halves of a batch of equal lines would have one id without it.

import { crc32 } from 'node:zlib';
import { readVarint } from '../protobuf/varint';
import { type Compressed, decompress } from './compress';
import type { Envelope, Frame } from './open-batch';
import { type SealedBatch, sealBatch } from './sealed-batch';

const ENTRY_TAG = 0x0a;
const PART_DIGITS = 8;

/** What of a target is needed to put records into another frame. */
export interface Reframing {
  readonly frame: (envelope: Envelope, logBytes: number) => Frame;
  readonly readTail: (tail: Buffer) => Envelope;
  readonly compress: (raw: Buffer) => Compressed;
}

/** The records of a batch, one behind the other, each an entry of its own. */
export interface OpenedBatch {
  readonly batch: SealedBatch;
  readonly raw: Buffer;
  /** Where in `raw` each record's entry begins. */
  readonly starts: readonly number[];
  readonly tail: Buffer;
}

/** @throws if the batch is not what it says it is, or its codec cannot be loaded */
export function openBatch(batch: SealedBatch): OpenedBatch {
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

/** The record's `Log`, without tag and length. */
export function logAt({ batch, raw, starts }: OpenedBatch, index: number): Buffer {
  return raw.subarray(readVarint(raw, starts[index]! + 1).next, starts[index + 1] ?? batch.entriesTo);
}

/** The id that a batch was sealed with: a part's id begins with it. */
export function sealedId(packId: string, isPart: boolean): string {
  return isPart ? packId.slice(0, -PART_DIGITS) : packId;
}

/** The number of a batch in its run, which its id ends with. */
export function sequenceOf(packId: string, isPart: boolean): number {
  return Number.parseInt(sealedId(packId, isPart).split('-')[1] ?? '', 16);
}

/**
 * A batch of some of the records.
 * @param indexes of the records in the opened batch, rising
 * @param firstIndex of the first of them in the batch that `baseId` names
 */
export function partOf(
  opened: OpenedBatch,
  indexes: readonly number[],
  baseId: string,
  firstIndex: number,
  reframing: Reframing,
): SealedBatch {
  const { batch, raw, starts, tail } = opened;
  const entries = Buffer.concat(indexes.map((i) => raw.subarray(starts[i], starts[i + 1] ?? batch.entriesTo)));
  const { hashKey, firstRecord } = batch;
  const place = { hashKey, firstRecord: firstRecord + indexes[0]!, firstIndex };
  return framed(entries, indexes.length, baseId, place, reframing.readTail(tail), reframing);
}

/** One batch of the records of several, in their order, in the frame of the first. @throws as `openBatch` */
export function joined(batches: readonly SealedBatch[], reframing: Reframing): SealedBatch {
  const first = batches[0]!;
  const opened = batches.map(openBatch);
  const pieces = opened.map(({ batch, raw }) => raw.subarray(batch.entriesFrom, batch.entriesTo));
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const { hashKey, firstRecord, packId } = first;
  const place = { hashKey, firstRecord, firstIndex: 0 };
  return framed(Buffer.concat(pieces), count, packId, place, reframing.readTail(opened[0]!.tail), reframing);
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
