// A batch as the JSON of anonymous web tracking.
//
// Takes: a sealed batch whose records are as the transcoder wrote them, and whose tail is its envelope as JSON. Gives:
// the texts to make a body of, and bodies compressed. Keeps: nothing. Never: changes the batch: as JSON it is only on
// its way out, and in memory, on disk and when it is cut it is like every other.
//
// Such a service knows no time but that of arrival, so a record says its own as a field:
//   "time": "2026-01-01T00:00:00.000000000Z"
// A record that has a field of that name keeps it.

import { gzipSync } from 'node:zlib';
import { compressor } from '../batch/compress';
import type { Envelope, Frame } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import { opened } from '../batch/split';
import type { Compression } from '../options/target-facts';
import { readLog, type TimeLayout } from '../protobuf/log';

const NO_HEAD = new Uint8Array(0);
/** How the records are kept until they go out. */
export const WEB_TIME: TimeLayout = { timeUnit: 'ms', timeNsTag: 0x1d };

export function webFrame(envelope: Envelope): Frame {
  return { head: NO_HEAD, tail: Buffer.from(JSON.stringify(envelope)) };
}

export function readWebTail(tail: Buffer): Envelope {
  return JSON.parse(tail.toString()) as Envelope;
}

export interface WebBatch {
  readonly envelope: Envelope;
  /** Of each record a JSON object of strings. */
  readonly logs: readonly Readonly<Record<string, string>>[];
}

/** @throws if the batch is not what it says it is */
export function webBatchOf(batch: SealedBatch): WebBatch {
  const { logs, tail } = opened(batch);
  return {
    envelope: JSON.parse(tail.toString()) as Envelope,
    logs: logs.map((log) => {
      const { time, timeNs, contents } = readLog(log, WEB_TIME);
      return { time: timeText(time, timeNs), ...contents };
    }),
  };
}

export interface WebBody {
  readonly rawBytes: number;
  /** What the body is compressed with; `none` where that made it no smaller. */
  readonly compression: Compression;
  readonly body: Buffer;
}

export function webBody(json: unknown, compression: Compression): WebBody {
  const raw = Buffer.from(JSON.stringify(json));
  if (compression === 'gzip') return { rawBytes: raw.length, compression, body: gzipSync(raw) };
  // Without a binding for LZ4 it would be zlib, which not every such service takes.
  const { codec, body } = compressor(compression, () => {})(raw);
  const isAsked = codec === compression || codec === 'none';
  return { rawBytes: raw.length, compression: isAsked ? codec : 'none', body: isAsked ? body : raw };
}

function timeText(ms: number, ns: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, -1)}${String(ns).padStart(6, '0')}Z`;
}
