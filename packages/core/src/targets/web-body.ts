// The body of web tracking: a batch as JSON.
//
// In memory, on disk and when it is split, a batch for web tracking is like any other: its records are encoded as
// protobuf. It becomes JSON when it is sent. Its envelope is JSON behind the records. The body is made once for all
// attempts, because it needs more time than the rest of an attempt.
//
// Web tracking stores only the time of arrival. So the record's own time is sent as a field. A field `time` that is not
// the time of the record is renamed, as if the service had reserved the name:
//   "time": "2026-01-01T00:00:00.000000000Z"

import { gzipSync } from 'node:zlib';
import { compressor } from '../batch/compress';
import type { Envelope, Frame } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import { logsIn, unpackBatch } from '../batch/unpack';
import type { Compression } from '../options/target-facts';
import { readLog, type TimeLayout } from '../protobuf/log';
import type { NameRule } from '../record/field-names';
import type { Refused } from './outcome';

const NO_HEAD = new Uint8Array(0);
/** How the records are encoded before they are sent. */
export const WEB_TIME: TimeLayout = { timeUnit: 'ms', timeNsTag: 0x1d };

/** The name rule of a service, for web tracking: its `time` is ours, and so are the names that its JSON uses itself. */
export function webNames(rule: NameRule, ofTheBody: readonly string[] = []): NameRule {
  return { ...rule, reserved: new Set([...rule.reserved, ...ofTheBody, 'time']) };
}

export function webFrame(envelope: Envelope): Frame {
  return { head: NO_HEAD, tail: Buffer.from(JSON.stringify(envelope)) };
}

export function readWebTail(tail: Buffer): Envelope {
  return JSON.parse(tail.toString()) as Envelope;
}

export interface WebBatch {
  readonly envelope: Envelope;
  readonly logs: readonly WebLog[];
}

export interface WebLog {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** The record's fields, and its time. */
  readonly fields: Readonly<Record<string, string>>;
}

/** @throws if the batch is damaged */
function webBatchOf(batch: SealedBatch): WebBatch {
  const unpacked = unpackBatch(batch);
  return {
    envelope: readWebTail(unpacked.tail),
    logs: logsIn(unpacked).map((log) => {
      const { time, timeNs, contents } = readLog(log, WEB_TIME);
      return { timeMs: time, fields: { time: timeText(time, timeNs), ...contents } };
    }),
  };
}

export interface WebBody {
  readonly rawBytes: number;
  /** How the body is compressed. `none` if compression did not make it smaller. */
  readonly compression: Compression;
  readonly body: Buffer;
}

export interface WebBodyOptions {
  readonly compression: Compression;
  /** Of zlib. */
  readonly compressionLevel?: number | undefined;
  /** The largest JSON that the service accepts. */
  readonly maxBytes: number;
  readonly jsonOf: (batch: WebBatch) => unknown;
}

/** Makes the bodies of a target. */
export class WebBodies {
  readonly #options: WebBodyOptions;
  /** Of the batches that are in flight or retried: an entry ends with its batch. */
  readonly #bodies = new WeakMap<SealedBatch, WebBody>();

  constructor(options: WebBodyOptions) {
    this.#options = options;
  }

  /** @throws if the batch is damaged */
  of(batch: SealedBatch): WebBody {
    let body = this.#bodies.get(batch);
    if (body === undefined) {
      body = compressed(Buffer.from(JSON.stringify(this.#options.jsonOf(webBatchOf(batch)))), this.#options);
      this.#bodies.set(batch, body);
    }
    return body;
  }

  /**
   * Returns a refusal if the JSON is larger than the service accepts. The size of a batch counts its protobuf, and
   * texts with many quotes and control characters are longer as JSON.
   * @throws if the batch is damaged
   */
  tooLarge(batch: SealedBatch): Refused | undefined {
    const { rawBytes } = this.of(batch);
    const { maxBytes } = this.#options;
    if (rawBytes <= maxBytes) return undefined;
    const message = `the batch has ${rawBytes} bytes as JSON, and the service accepts ${maxBytes}`;
    return { kind: 'split', refusal: { code: 'JSON_TOO_LARGE', message }, tooLarge: 'bytes' };
  }
}

function compressed(raw: Buffer, { compression, compressionLevel }: WebBodyOptions): WebBody {
  if (compression === 'gzip') return { rawBytes: raw.length, compression, body: gzipSync(raw) };
  // The compressor uses zlib if LZ4 cannot be loaded, but not each service accepts zlib here.
  const { codec, body } = compressor(compression, () => {}, compressionLevel)(raw);
  const isUsable = codec === compression || codec === 'none';
  return { rawBytes: raw.length, compression: isUsable ? codec : 'none', body: isUsable ? body : raw };
}

function timeText(ms: number, ns: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, -1)}${String(ns).padStart(6, '0')}Z`;
}
