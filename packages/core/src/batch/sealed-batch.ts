// A batch that grows no more: what is sent, sent again, and kept on disk.
// Takes: the body of an open batch. Gives: plain data. Keeps: the bytes compressed, for a batch may wait for hours.
// Never: changes; a retry sends the same bytes under the same pack id, so that readers can tell a repetition.

import type { Codec, Compressed } from './compress';

export interface SealedBatch {
  /** The number of its first record among all records of the shipper, from 0: the order of batches and of their parts. */
  readonly firstRecord: number;
  /** Names this batch among all batches of all instances; the service keeps it with the logs. */
  readonly packId: string;
  /** 32 hex digits: the batch goes to the shard that holds this key. Empty: to any shard. */
  readonly hashKey: string;
  /** Records in it. */
  readonly count: number;
  /** Bytes of the body before compression. */
  readonly rawBytes: number;
  /** In the body before compression: where the first encoded record begins, and where the last one ends. */
  readonly entriesFrom: number;
  readonly entriesTo: number;
  readonly codec: Codec;
  /** The body as it is sent. */
  readonly body: Buffer;
}

/** What is known of a batch before it is compressed. */
export type Unsealed = Omit<SealedBatch, 'rawBytes' | keyof Compressed>;

export function sealBatch(unsealed: Unsealed, body: Buffer, compress: (raw: Buffer) => Compressed): SealedBatch {
  return { ...unsealed, rawBytes: body.length, ...compress(body) };
}
