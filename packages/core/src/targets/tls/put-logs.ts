// Volcengine TLS, PutLogs: https://www.volcengine.com/docs/6470/112191.
// Gives: the four answers of a target. Keeps: the day's signing key. Never: state of a batch.

import { createHash } from 'node:crypto';
import type { Envelope, Frame } from '../../batch/open-batch';
import type { SealedBatch } from '../../batch/sealed-batch';
import type { Credentials } from '../../credentials/types';
import type { Answer, SignedRequest } from '../../http/exchange';
import { fieldOf, lengthTag, readFields, readTags, textField, textOf } from '../../protobuf/fields';
import { varintBytes, writeVarint } from '../../protobuf/varint';
import type { LogLayout } from '../../record/types';
import { type AnswerTable, fieldsIn, type Outcome, outcomeOf, type ServiceError } from '../outcome';
import type { Target } from '../target';
import { VOLC_SCHEMA } from './schema';
import { canonicalQuery, VolcSigner } from './sign';

/** The documented bounds of one request; beyond one of them all of it is refused. */
export const VOLC_LIMITS = {
  /** A LogGroupList before compression. */
  maxBatchBytes: 5 * 1024 * 1024,
  /** Logs in a LogGroup. */
  maxLogs: 10_000,
  maxLogBytes: 1024 * 1024,
} as const;

/** Field 3, fixed32: the nanoseconds below the millisecond, as every SDK of the vendor fills it. */
const TIME_NS_TAG = 0x1d;
const NOTHING = new Uint8Array(0);

export const VOLC_LAYOUT: LogLayout = {
  timeUnit: 'ms',
  timeNsTag: TIME_NS_TAG,
  maxLogBytes: VOLC_LIMITS.maxLogBytes,
  names: {
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

const WHERE = 'check topicId, and that it is of this region';

export const VOLC_ANSWERS: AnswerTable = {
  requestIdHeader: 'x-tls-requestid',
  codes: {
    ExceedQPSLimit: 'retry',
    ExceedRateLimit: 'retry',
    ExceedCountLimit: 'retry',
    InternalError: 'retry',
    InternalServerError: 'retry',
    ErrInternalServerError: 'retry',
    RequestExpired: 'time refused',
    RequestTimeTooSkewed: 'time refused',
    // The bytes changed on their way: send them again.
    ErrLogMD5CheckFailed: 'retry',
    InvalidAccessKeyId: 'hold',
    InvalidSecurityToken: 'hold',
    SignatureDoesNotMatch: 'signature refused',
    AuthorizationQueryParametersError: 'hold',
    AuthFailed: 'signature refused',
    AccessDenied: 'hold',
    TopicNotExist: 'hold',
    ProjectNotExists: 'hold',
    InvalidArgument: 'reject',
    DeserializeFailed: 'reject',
    LogGroupListSizeTooLarge: 'too many bytes',
    TooManyLogs: 'too many records',
    LogSizeTooLarge: 'record too large',
  },
  errorIn,
  advice: {
    TopicNotExist: WHERE,
    ProjectNotExists: WHERE,
    AccessDenied: 'check the rights of the access key; for web tracking, that the topic has it on',
    InvalidAccessKeyId: 'check credentials.accessKeyId, and that it is one of Volcengine',
    SignatureDoesNotMatch: 'check credentials.accessKeySecret and region',
  },
};

export interface VolcTlsOptions {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly region: string;
  readonly topicId: string;
  /** Those of now. */
  readonly credentials: () => Credentials;
}

export function volcTls(options: VolcTlsOptions): Target {
  const { origin, host } = new URL(options.endpoint);
  const signer = new VolcSigner(options.region);
  const query = { TopicId: options.topicId };
  return {
    layout: VOLC_LAYOUT,
    origin,
    destination: { service: 'volc-tls', endpoint: origin, region: options.region, topicId: options.topicId },
    identity: { topicId: options.topicId },
    bodyLayout: 'volc-tls',
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
      return { method: 'POST', path: `/PutLogs?${canonicalQuery(query)}`, headers, body: batch.body };
    },
    outcome: (answer: Answer, wallMs: number): Outcome => outcomeOf(answer, VOLC_ANSWERS, wallMs),
  };
}

function headersOf(batch: SealedBatch, host: string): Record<string, string> {
  return {
    Host: host,
    'Content-Type': 'application/x-protobuf',
    'Content-MD5': createHash('md5').update(batch.body).digest('hex').toUpperCase(),
    'x-tls-apiversion': '0.3.0',
    'x-tls-bodyrawsize': String(batch.rawBytes),
    ...(batch.codec === 'none' ? {} : { 'x-tls-compresstype': batch.codec }),
    ...(batch.hashKey === '' ? {} : { 'x-tls-hashkey': batch.hashKey }),
  };
}

/** `LogGroupList { LogGroup { entries, Source, LogTags, FileName, ContextFlow } }` around the entries. */
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

/** What `frame` has put behind the records. @throws if these are not its bytes */
export function readVolcTail(tail: Buffer): Envelope {
  const { LogGroup, LogTag } = VOLC_SCHEMA.nested;
  const { Source, LogTags, FileName, ContextFlow } = LogGroup.fields;
  const fields = readFields(tail);
  const [tags, key, value] = [LogTags, LogTag.fields.Key, LogTag.fields.Value].map(({ id }) => lengthTag(id));
  return {
    source: textOf(fields, lengthTag(Source.id)),
    topic: '',
    fileName: textOf(fields, lengthTag(FileName.id)),
    tags: readTags(fields, tags!, key!, value!),
    packId: textOf(fields, lengthTag(ContextFlow.id)),
  };
}

/** The tag of the one LogGroup, and its length. */
function head(groupBytes: number): Uint8Array {
  const bytes = new Uint8Array(1 + varintBytes(groupBytes));
  bytes[0] = lengthTag(VOLC_SCHEMA.nested.LogGroupList.fields.LogGroups.id);
  writeVarint(bytes, 1, groupBytes);
  return bytes;
}

/** proto3: an empty text is its default and is not written. */
function textUnlessEmpty(field: number, text: string): Uint8Array {
  return text === '' ? NOTHING : textField(lengthTag(field), text);
}

/** `{"ErrorCode": ..., "ErrorMessage": ...}`; some of the vendor's clients expect a small first letter. */
function errorIn(body: string): ServiceError | undefined {
  const fields = Object.entries(fieldsIn(body) ?? {});
  const byName = new Map(fields.map(([name, field]) => [name.toLowerCase(), field]));
  const code = byName.get('errorcode');
  if (typeof code !== 'string' || code === '') return undefined;
  const message = byName.get('errormessage');
  return { code, message: typeof message === 'string' ? message : '' };
}
