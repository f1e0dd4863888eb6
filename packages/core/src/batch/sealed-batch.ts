// A sealed batch: plain data that is sent, sent again, and written to disk. It never changes.
//
// A retry sends the same bytes under the same pack id, so that a reader can recognise a duplicate.

import type { Codec, Compressed } from './compress';
import type { RecordTimes } from './record-times';

export interface SealedBatch {
  /** The number of its first record among all records of the shipper, from 0. It orders batches and parts. */
  readonly firstRecord: number;
  /** Unique among all batches of all instances. The service stores it with the logs. */
  readonly packId: string;
  /** 32 hex digits that choose the shard. If it is empty, the service chooses one. */
  readonly hashKey: string;
  /** The service writes it only if the id is above the last one of its hash key. */
  readonly sequenceId?: number | undefined;
  /** The number of its records. */
  readonly count: number;
  /** The length of the body before compression. */
  readonly rawBytes: number;
  /** Where the first encoded record begins and the last one ends, in the body before compression. */
  readonly entriesFrom: number;
  readonly entriesTo: number;
  /** Present if the target sends it, and the batch was sealed by this run: a batch on disk does not have it. */
  readonly times?: RecordTimes | undefined;
  readonly codec: Codec;
  /** The body as it is sent. */
  readonly body: Buffer;
}

/** A batch before its body is compressed. */
export type Unsealed = Omit<SealedBatch, 'rawBytes' | keyof Compressed>;

export function sealBatch(unsealed: Unsealed, body: Buffer, compress: (raw: Buffer) => Compressed): SealedBatch {
  return { ...unsealed, rawBytes: body.length, ...compress(body) };
}
