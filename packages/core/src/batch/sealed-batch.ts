// A batch that grows no more: what is sent, sent again, and (one day) kept on disk.
// Takes: the body of an open batch. Gives: plain data. Keeps: the bytes compressed, for a batch may wait for hours.
// Never: changes; a retry sends the same bytes under the same pack id, so that readers can tell a repetition.

import type { Codec, Compressed } from './compress';

export interface SealedBatch {
  /** Counts the batches of a shipper, from 1. */
  readonly sequence: number;
  /** Names this batch among all batches of all instances; the service keeps it with the logs. */
  readonly packId: string;
  /** 32 hex digits: the batch goes to the shard that holds this key. Empty: to any shard. */
  readonly hashKey: string;
  /** Records in it. */
  readonly count: number;
  /** Bytes of the body before compression. */
  readonly rawBytes: number;
  readonly codec: Codec;
  /** The body as it is sent. */
  readonly body: Buffer;
}

export interface SealOptions {
  readonly sequence: number;
  readonly packId: string;
  readonly hashKey: string;
  readonly count: number;
}

export function sealBatch(options: SealOptions, body: Buffer, compress: (raw: Buffer) => Compressed): SealedBatch {
  return { ...options, rawBytes: body.length, ...compress(body) };
}
