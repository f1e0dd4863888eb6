// The target for Volcengine TLS, PutLogs: https://www.volcengine.com/docs/6470/112191.
//
// The body is a LogGroupList with one LogGroup (schema.ts has the field numbers):
//
//   LogGroupList { LogGroup { Log ..., Source, LogTags ..., FileName, ContextFlow } }
//
// The records are as the transcoder wrote them. ContextFlow is the pack id.

import type { Envelope, Frame } from '../../batch/open-batch';
import { type RecordTimes, recordTimesOf } from '../../batch/record-times';
import type { SealedBatch } from '../../batch/sealed-batch';
import type { Credentials } from '../../credentials/types';
import type { Answer, SignedRequest } from '../../http/exchange';
import { TARGETS } from '../../options/target-facts';
import { fieldOf, lengthTag, readFields, readTags, textField, textIn } from '../../protobuf/fields';
import { varintBytes, writeVarint } from '../../protobuf/varint';
import type { LogLayout } from '../../record/types';
import { md5, opensslHasMd5 } from '../../runtime/md5';
import { outcomeOf } from '../classify';
import type { Outcome } from '../outcome';
import type { Target } from '../target';
import { VOLC_ANSWERS } from './answers';
import { VOLC_SCHEMA } from './schema';
import { canonicalQuery, VolcSigner } from './sign';

/** Field 3, fixed32: the nanoseconds below the millisecond, as in every SDK of the vendor. */
const TIME_NS_TAG = 0x1d;
const NOTHING = new Uint8Array(0);

export const VOLC_LAYOUT: LogLayout = {
  timeUnit: 'ms',
  timeNsTag: TIME_NS_TAG,
  maxLogBytes: TARGETS['volc-tls'].recordBytes,
  // The rule of PutLogs: "letters" is read as ASCII letters, because the page names no others.
  names: {
    characters: 'signs',
    maxBytes: 128,
    reserved: new Set([
      '__content__',
      '__time__',
      '__source__',
      '__path__',
      '__tls_key__',
      '__tls_time__',
      '__mq_offset__',
      '__package_offset__',
    ]),
  },
};

export interface VolcTlsOptions {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly region: string;
  readonly topicId: string;
  /** Returns the current credentials. */
  readonly credentials: () => Credentials;
}

export function volcTls(options: VolcTlsOptions): Target {
  const { origin, host } = new URL(options.endpoint);
  const signer = new VolcSigner(options.region);
  const query = { TopicId: options.topicId };
  const path = `/PutLogs?${canonicalQuery(query)}`;
  return {
    layout: VOLC_LAYOUT,
    origin,
    destination: { service: 'volc-tls', endpoint: origin, region: options.region, topicId: options.topicId },
    identity: { topicId: options.topicId },
    bodyLayout: 'volc-tls',
    sendsTimes: true,
    frame,
    readTail: readVolcTail,
    request(batch: SealedBatch, wallMs: number): SignedRequest {
      const unsigned = {
        method: 'POST' as const,
        path: '/PutLogs',
        query,
        headers: headersOf(batch, host),
        body: batch.body,
      };
      const headers = signer.sign(unsigned, options.credentials(), wallMs);
      return { method: 'POST', path, headers, body: batch.body };
    },
    outcome: (answer: Answer, wallMs: number): Outcome => outcomeOf(answer, VOLC_ANSWERS, wallMs),
  };
}

function headersOf(batch: SealedBatch, host: string): Record<string, string> {
  const times = recordTimesOf(batch);
  return {
    Host: host,
    'Content-Type': 'application/x-protobuf',
    // The service does not require it. X-Content-Sha256, which is signed, covers the body too.
    ...(opensslHasMd5() ? { 'Content-MD5': md5(batch.body).toUpperCase() } : {}),
    'x-tls-apiversion': '0.3.0',
    'x-tls-bodyrawsize': String(batch.rawBytes),
    ...(batch.codec === 'none' ? {} : { 'x-tls-compresstype': batch.codec }),
    ...(batch.hashKey === '' ? {} : { 'x-tls-hashkey': batch.hashKey }),
    // For the service, so that it need not unpack a body. The vendor's SDKs send them and do not sign them.
    'log-count': String(batch.count),
    ...(times === undefined ? {} : timeHeaders(times)),
  };
}

function timeHeaders({ earliest, latest }: RecordTimes): Record<string, string> {
  return { 'earliest-log-time': String(earliest), 'latest-log-time': String(latest) };
}

function frame({ source, tags, fileName, packId }: Envelope, logBytes: number): Frame {
  const { LogGroup, LogTag } = VOLC_SCHEMA.nested;
  const tail = Buffer.concat([
    textUnlessEmpty(LogGroup.fields.Source.id, source),
    ...Object.entries(tags).map(([key, value]) =>
      fieldOf(
        lengthTag(LogGroup.fields.LogTags.id),
        textUnlessEmpty(LogTag.fields.Key.id, key),
        textUnlessEmpty(LogTag.fields.Value.id, value),
      ),
    ),
    textUnlessEmpty(LogGroup.fields.FileName.id, fileName),
    textUnlessEmpty(LogGroup.fields.ContextFlow.id, packId),
  ]);
  return { head: head(logBytes + tail.length), tail };
}

/** Reads what `frame` put behind the records. @throws if these are other bytes */
export function readVolcTail(tail: Buffer): Envelope {
  const { LogGroup, LogTag } = VOLC_SCHEMA.nested;
  const { Source, LogTags, FileName, ContextFlow } = LogGroup.fields;
  const fields = readFields(tail);
  const [tags, key, value] = [LogTags, LogTag.fields.Key, LogTag.fields.Value].map(({ id }) => lengthTag(id));
  return {
    source: textIn(fields, lengthTag(Source.id)),
    topic: '',
    fileName: textIn(fields, lengthTag(FileName.id)),
    tags: readTags(fields, tags!, key!, value!),
    packId: textIn(fields, lengthTag(ContextFlow.id)),
  };
}

/** The tag and the length of the LogGroup. */
function head(groupBytes: number): Uint8Array {
  const bytes = new Uint8Array(1 + varintBytes(groupBytes));
  bytes[0] = lengthTag(VOLC_SCHEMA.nested.LogGroupList.fields.LogGroups.id);
  writeVarint(bytes, 1, groupBytes);
  return bytes;
}

/** In proto3 an empty text is the default, which is not written. */
function textUnlessEmpty(field: number, text: string): Uint8Array {
  return text === '' ? NOTHING : textField(lengthTag(field), text);
}
