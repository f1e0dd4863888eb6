// A spooled batch as bytes: one sealed batch is one file.
//
// Takes: a sealed batch. Gives: the file's bytes; and from bytes, the batch, or why they are none. Keeps: nothing.
// Never: a batch with one bit changed: the checksum covers everything behind it. Never a secret: signing happens when
// a batch is sent, so a file holds records and where they belong, and nothing that opens a door.
//
// The format, version 1. Numbers are little endian.
//
//   offset bytes
//        0     4  magic "PLSB"
//        4     2  version
//        6     2  header bytes: where the body begins
//        8     4  CRC-32 of all that follows
//       12     4  body bytes; header and body are the whole file
//       16     4  bytes of the body before compression
//       20     4  records
//       24     4  where the first encoded record begins in the uncompressed body
//       28     4  where the last one ends
//       32     8  first record, a float64 (exact below 2^53)
//       40     1  codec: 0 none, 1 lz4, 2 zlib
//       41     1  bytes of the pack id
//       42     1  bytes of the hash key
//       43     1  0
//       44     n  pack id, hash key
//        …     …  the body, as it is sent
//
// A file is written under another name and renamed when it is whole, so a crash leaves whole files or none. What is
// in a file that is not whole is therefore damage, and is set aside, not sent.

import { crc32 } from 'node:zlib';
import type { Codec } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';

const MAGIC = Buffer.from('PLSB');
const VERSION = 1;
const FIXED_BYTES = 44;
const CHECKED_FROM = 12;
const CODECS: readonly Codec[] = ['none', 'lz4', 'zlib'];

export type ReadBatch =
  | { readonly kind: 'batch'; readonly batch: SealedBatch }
  /** Not what was written. */
  | { readonly kind: 'damaged'; readonly why: string }
  /** Written by a later version of this package: to be left for it. */
  | { readonly kind: 'newer'; readonly version: number };

export function encodeBatch(batch: SealedBatch): Buffer {
  const names = Buffer.from(batch.packId + batch.hashKey, 'latin1');
  const headerBytes = FIXED_BYTES + names.length;
  const file = Buffer.alloc(headerBytes + batch.body.length);
  MAGIC.copy(file);
  file.writeUInt16LE(VERSION, 4);
  file.writeUInt16LE(headerBytes, 6);
  file.writeUInt32LE(batch.body.length, 12);
  file.writeUInt32LE(batch.rawBytes, 16);
  file.writeUInt32LE(batch.count, 20);
  file.writeUInt32LE(batch.entriesFrom, 24);
  file.writeUInt32LE(batch.entriesTo, 28);
  file.writeDoubleLE(batch.firstRecord, 32);
  file[40] = CODECS.indexOf(batch.codec);
  file[41] = batch.packId.length;
  file[42] = batch.hashKey.length;
  names.copy(file, FIXED_BYTES);
  batch.body.copy(file, headerBytes);
  file.writeUInt32LE(crc32(file.subarray(CHECKED_FROM)), 8);
  return file;
}

/** @param count how many records it should have, by its name */
export function decodeBatch(file: Buffer, count?: number): ReadBatch {
  if (file.length < FIXED_BYTES) return damaged(`${file.length} bytes are no whole header`);
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) return damaged('it does not begin as a batch file does');
  const version = file.readUInt16LE(4);
  if (version > VERSION) return { kind: 'newer', version };
  if (version !== VERSION) return damaged(`there was no version ${version}`);
  if (crc32(file.subarray(CHECKED_FROM)) !== file.readUInt32LE(8)) return damaged('its checksum does not hold');
  const headerBytes = file.readUInt16LE(6);
  const bodyBytes = file.readUInt32LE(12);
  const [packIdBytes, hashKeyBytes] = [file[41]!, file[42]!];
  // The header's length stands before what the checksum covers, so it must agree with what stands behind.
  if (headerBytes !== FIXED_BYTES + packIdBytes + hashKeyBytes || headerBytes + bodyBytes !== file.length) {
    return damaged('its lengths do not agree');
  }
  const codec = CODECS[file[40]!];
  if (codec === undefined) return damaged('its codec is unknown');
  if (count !== undefined && file.readUInt32LE(20) !== count) {
    return damaged('it holds another number of records than its name says');
  }
  const hashKeyFrom = FIXED_BYTES + packIdBytes;
  return {
    kind: 'batch',
    batch: {
      firstRecord: file.readDoubleLE(32),
      packId: file.toString('latin1', FIXED_BYTES, hashKeyFrom),
      hashKey: file.toString('latin1', hashKeyFrom, headerBytes),
      count: file.readUInt32LE(20),
      rawBytes: file.readUInt32LE(16),
      entriesFrom: file.readUInt32LE(24),
      entriesTo: file.readUInt32LE(28),
      codec,
      body: file.subarray(headerBytes),
    },
  };
}

function damaged(why: string): ReadBatch {
  return { kind: 'damaged', why };
}
