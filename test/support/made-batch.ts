// Sealed batches made directly from texts, in the body of `volc-tls`: fast enough for a model test.
//
// A record is one content, `message`, with a time. The text is the record's identity.

import { compressor } from '@putlogs/core/internal/batch/compress';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { fieldOf, textField } from '@putlogs/core/internal/protobuf/fields';
import { varintBytes, writeVarint } from '@putlogs/core/internal/protobuf/varint';
import { readBatch, type WholeBatch } from '@putlogs/core/internal/targets/read-batch';
import { volcTls } from '@putlogs/core/internal/targets/tls/put-logs';

const TIME_TAG = 0x08;
const CONTENT_TAG = 0x12;
const ENTRY_TAG = 0x0a;
const KEY = textField(0x0a, 'message');
const VALUE_TAG = 0x12;

/** The target whose bodies the made batches have: what a queue needs to cut and join them. */
export const MADE_TARGET = volcTls({
  endpoint: 'https://tls-cn-beijing.volces.com',
  region: 'cn-beijing',
  topicId: 'topic',
  credentials: () => ({ accessKeyId: 'id', accessKeySecret: 'secret' }),
});

export interface MadeRecord {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

export interface MadeBatch {
  /** The batch's number in its run: the pack id ends with it. */
  readonly sequence: number;
  readonly firstRecord: number;
  readonly records: readonly MadeRecord[];
  /** 16 hex digits. */
  readonly prefix: string;
  readonly hashKey: string;
  readonly codec?: SealedBatch['codec'];
}

/** The text of a record: what logged it, and which of its records it is. `padBytes` makes it larger. */
export function recordText(instance: string, n: number, padBytes = 0): string {
  return JSON.stringify(padBytes === 0 ? { n, instance } : { n, instance, pad: 'x'.repeat(padBytes) });
}

export function makeBatch({ sequence, firstRecord, records, prefix, hashKey, codec = 'none' }: MadeBatch): SealedBatch {
  const packId = `${prefix}-${sequence.toString(16).toUpperCase()}`;
  const entries = Buffer.concat(records.map(entryOf));
  const envelope = { source: 'host', topic: '', fileName: '', tags: {}, packId };
  const { head, tail } = MADE_TARGET.frame(envelope, entries.length);
  const entriesTo = head.length + entries.length;
  const unsealed = { firstRecord, packId, hashKey, count: records.length, entriesFrom: head.length, entriesTo };
  return sealBatch(unsealed, Buffer.concat([head, entries, tail]), compressor(codec, unexpected));
}

/** @throws if the batch is not what it says it is */
export function recordsIn(batch: SealedBatch): MadeRecord[] {
  return recordsOf(readBatch(batch));
}

export function recordsOf({ records }: WholeBatch): MadeRecord[] {
  return [...records].map(({ time, contents }) => ({
    text: contents['message'] ?? JSON.stringify(contents),
    timeMs: time,
  }));
}

function entryOf({ text, timeMs }: MadeRecord): Buffer {
  const time = Buffer.alloc(1 + varintBytes(timeMs));
  time[0] = TIME_TAG;
  writeVarint(time, 1, timeMs);
  return fieldOf(ENTRY_TAG, time, fieldOf(CONTENT_TAG, KEY, textField(VALUE_TAG, text)));
}

function unexpected(reason: string): never {
  throw new Error(reason);
}
