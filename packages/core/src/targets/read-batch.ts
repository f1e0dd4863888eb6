// Reads a sealed batch back: its envelope and its records.
//
// A spool may have batches of several targets, so the layout is recognised by the bytes:
//
//   web tracking   the tail is JSON; none of our protobuf fields begins with a brace
//   TLS            the records are in a LogGroup in a list, so bytes precede the first record
//   SLS            no bytes precede the first record

import type { Envelope } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import { logsIn, unpackBatch } from '../batch/unpack';
import { type ReadLog, readLog, type TimeLayout } from '../protobuf/log';
import { ALIYUN_LAYOUT, readAliyunTail } from './sls/put-logs';
import type { BodyLayout } from './target';
import { readVolcTail, VOLC_LAYOUT } from './tls/put-logs';
import { readWebTail, WEB_TIME } from './web-body';

export interface WholeBatch {
  readonly layout: BodyLayout;
  readonly envelope: Envelope;
  /** Each record is decoded when the iterator reaches it. */
  readonly records: Iterable<ReadLog>;
}

const OPENING_BRACE = 0x7b;
const TIMES: Readonly<Record<BodyLayout, TimeLayout>> = {
  'volc-tls': VOLC_LAYOUT,
  'aliyun-sls': ALIYUN_LAYOUT,
  web: WEB_TIME,
};

/** @throws if the batch is damaged. The iterator throws if a record is damaged */
export function readBatch(batch: SealedBatch): WholeBatch {
  const unpacked = unpackBatch(batch);
  const { tail } = unpacked;
  const layout = layoutOf(batch, tail);
  return { layout, envelope: readEnvelope(layout, tail), records: readEach(logsIn(unpacked), TIMES[layout]) };
}

/** Returns what the records of the batch have in common. @throws if the batch is damaged */
export function envelopeOf(batch: SealedBatch): Envelope {
  const { tail } = unpackBatch(batch);
  return readEnvelope(layoutOf(batch, tail), tail);
}

function* readEach(logs: readonly Buffer[], layout: TimeLayout): Generator<ReadLog> {
  for (const log of logs) yield readLog(log, layout);
}

function layoutOf({ entriesFrom }: SealedBatch, tail: Buffer): BodyLayout {
  if (tail[0] === OPENING_BRACE) return 'web';
  return entriesFrom > 0 ? 'volc-tls' : 'aliyun-sls';
}

function readEnvelope(layout: BodyLayout, tail: Buffer): Envelope {
  if (layout === 'web') return readWebTail(tail);
  return layout === 'volc-tls' ? readVolcTail(tail) : readAliyunTail(tail);
}
