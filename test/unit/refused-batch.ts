// Batches of refused records, and a dead-letter file to write them to.

import assert from 'node:assert/strict';
import { compressor } from '@putlogs/core/internal/batch/compress';
import { type SealedBatch, sealBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { DeadLetterFile, type DeadLetterOptions } from '@putlogs/core/internal/dead-letter/writer';
import { HandClock } from './hand-clock';
import { root } from './transcoded';

export const REFUSAL = { code: 'InvalidArgument', message: 'why', status: 400, requestId: 'r1' };
export const ENVELOPE = { source: 'a-host', topic: '', fileName: '', tags: { env: 'test' } };

const Log = root.lookupType('Log');
const LogGroup = root.lookupType('LogGroup');

const fieldsOf = (value: string) => ({
  Time: 1_760_000_000_123,
  Contents: [
    { Key: 'text', Value: value },
    { Key: '__proto__', Value: 'a name like any other' },
  ],
  TimeNs: 456,
});

export function encoded(value: string): Buffer {
  return Buffer.from(Log.encode(Log.fromObject(fieldsOf(value))).finish());
}

/** One record for each value. */
export function batchOf(...values: string[]): SealedBatch {
  const entries = Buffer.from(LogGroup.encode(LogGroup.fromObject({ Logs: values.map(fieldsOf) })).finish());
  const place = { entriesFrom: 0, entriesTo: entries.length };
  const unsealed = { firstRecord: 0, packId: 'P-1', hashKey: 'f0', count: values.length, ...place };
  return sealBatch(unsealed, entries, compressor('lz4', assert.fail));
}

export function deadLetterFile(file: string, options: Partial<DeadLetterOptions> = {}): DeadLetterFile {
  return new DeadLetterFile({
    file,
    maxBytes: 1024 * 1024,
    fsync: false,
    destination: { service: 'a-service', topicId: 't' },
    layout: { timeUnit: 'ms', timeNsTag: 0x1d },
    envelopeOf: () => ENVELOPE,
    clock: new HandClock(),
    ...options,
  });
}
