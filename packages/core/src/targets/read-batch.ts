// A batch read back whole: its envelope and its records, of whichever service it is for.
//
// Takes: a sealed batch. Gives: what is said once for its records, and each record. Keeps: nothing. Never: asks what it is
// for: a spool holds the batches of several targets, and its bytes say whose layout they have.
//
//   web tracking   the tail is JSON: no protobuf field of ours begins with that brace
//   TLS            the records are within a LogGroup within a list: something stands before the first
//   SLS            nothing does

import type { Envelope } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import { opened } from '../batch/split';
import { type ReadLog, readLog, type TimeLayout } from '../protobuf/log';
import { ALIYUN_LAYOUT, readAliyunTail } from './sls/put-logs';
import { readVolcTail, VOLC_LAYOUT } from './tls/put-logs';
import { WEB_TIME } from './web-body';

/** Whose layout a batch has; that of web tracking is one for both services. */
export type BatchLayout = 'volc-tls' | 'aliyun-sls' | 'web';

export interface WholeBatch {
  readonly layout: BatchLayout;
  readonly envelope: Envelope;
  /** Each read when it is asked for. */
  readonly records: Iterable<ReadLog>;
}

const OPENING_BRACE = 0x7b;
const TIMES: Readonly<Record<BatchLayout, TimeLayout>> = {
  'volc-tls': VOLC_LAYOUT,
  'aliyun-sls': ALIYUN_LAYOUT,
  web: WEB_TIME,
};

/** @throws if the batch, or one of its records while they are read, is not what it says it is */
export function readBatch(batch: SealedBatch): WholeBatch {
  const { logs, tail } = opened(batch);
  const layout = layoutOf(batch, tail);
  return { layout, envelope: readEnvelope(layout, tail), records: eachOf(logs, TIMES[layout]) };
}

/** What is said once for the records of a batch. @throws if it is not what it says it is */
export function envelopeOf(batch: SealedBatch): Envelope {
  const { tail } = opened(batch);
  return readEnvelope(layoutOf(batch, tail), tail);
}

function* eachOf(logs: readonly Buffer[], layout: TimeLayout): Generator<ReadLog> {
  for (const log of logs) yield readLog(log, layout);
}

function layoutOf({ entriesFrom }: SealedBatch, tail: Buffer): BatchLayout {
  if (tail[0] === OPENING_BRACE) return 'web';
  return entriesFrom > 0 ? 'volc-tls' : 'aliyun-sls';
}

function readEnvelope(layout: BatchLayout, tail: Buffer): Envelope {
  if (layout === 'web') return JSON.parse(tail.toString()) as Envelope;
  return layout === 'volc-tls' ? readVolcTail(tail) : readAliyunTail(tail);
}
