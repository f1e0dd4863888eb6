// The answers of Alibaba Cloud SLS to a write, and the limits and the identity of a Logstore.
// Source: the error tables of PostLogStoreLogs and PutWebtracking, and the retry rules of the vendor's producers.

import type { NameRule } from '../../record/field-names';
import { type AnswerTable, jsonObjectIn, type ServiceError } from '../classify';

/**
 * No page of today limits the characters, and the vendor's clients check none. A page of 2021 allows letters, digits
 * and `_` only: the option `fieldNames: 'portable'` is within it.
 */
export const ALIYUN_NAME_RULE: NameRule = {
  characters: 'any',
  maxBytes: 128,
  reserved: new Set([
    '__time__',
    '__source__',
    '__topic__',
    '__partition_time__',
    '_extract_others_',
    '__extract_others__',
    // In JSON it is the time of a log below the second.
    '__time_ns_part__',
  ]),
  // Under such a name the service shows a tag.
  reservedPrefix: '__tag__:',
};

const DAY_MS = 24 * 60 * 60 * 1000;
const NO_LOGSTORE = 'check project, logstore and endpoint, or create the Logstore: the records are kept';

export const ALIYUN_ANSWERS: AnswerTable = {
  requestIdHeader: 'x-log-requestid',
  codes: {
    WriteQuotaExceed: 'retry',
    ShardWriteQuotaExceed: 'retry',
    ReadQuotaExceed: 'retry',
    ExceedQuota: 'retry',
    InternalServerError: 'retry',
    ServerBusy: 'retry',
    RequestTimeout: 'retry',
    RequestTimeTooSkewed: 'time refused',
    RequestTimeExpired: 'time refused',
    InvalidRequestTime: 'time refused',
    SignatureNotMatch: 'signature refused',
    Unauthorized: 'hold',
    InvalidAccessKeyId: 'hold',
    SecurityTokenExpired: 'hold',
    ProjectNotExist: 'hold',
    ProjectNotExists: 'hold',
    LogStoreNotExist: 'hold',
    ProjectForbidden: 'hold',
    LogStoreWithoutShard: 'hold',
    // For a write with a sequence id it means delivered (delivery/batch-sender.ts).
    InvalidSequenceId: 'hold',
    // Headers and addresses. They come from the options, or from something between us and the service.
    ParameterInvalid: 'hold',
    InvalidHost: 'hold',
    MissingHost: 'hold',
    MissingDate: 'hold',
    InvalidDateFormat: 'hold',
    MissingAPIVersion: 'hold',
    InvalidAPIVersion: 'hold',
    MissAccessKeyId: 'hold',
    MissingSignatureMethod: 'hold',
    InvalidSignatureMethod: 'hold',
    MissingContentType: 'hold',
    InvalidContentType: 'hold',
    MissingContentLength: 'hold',
    MissingBodyRawSize: 'hold',
    InvalidBodyRawSize: 'hold',
    InvalidCompressType: 'hold',
    PostBodyUncompressError: 'retry, then reject',
    PostBodyInvalid: 'reject',
    InvalidTimestamp: 'reject',
    InvalidEncoding: 'reject',
    InvalidKey: 'reject',
    PostBodyTooLarge: 'too many bytes',
  },
  errorIn,
  verdictOf({ code, message }, status) {
    // The code has two meanings: the body cannot be read, or a record is too old. Its status was 400 and 499.
    if (code === 'PostBodyInvalid' && /time is out of range/i.test(message)) return 'record time refused';
    // A refusal by the quota of the project has one of several codes, and this text.
    return status === 403 && /(quota|qps) exceed/i.test(message) ? 'retry' : undefined;
  },
  window: { pastMs: 7 * DAY_MS, aheadMs: 15 * 60_000 },
  advice: {
    ProjectNotExist: NO_LOGSTORE,
    ProjectNotExists: NO_LOGSTORE,
    LogStoreNotExist: NO_LOGSTORE,
    Unauthorized:
      'check the access key and its permission log:PostLogStoreLogs; for web tracking, that it is on for the Logstore',
    InvalidAccessKeyId: 'check credentials.accessKeyId',
    ProjectForbidden: 'check in the console whether the account has unpaid bills, or the project was disabled',
    LogStoreWithoutShard: 'check in the console that the Logstore has a shard that can be written to',
    InvalidHost: 'check endpoint, region and project: the host does not belong to this project',
    ParameterInvalid: 'check project, logstore, hashKey and routing',
    InvalidKey: "fieldNames: 'portable' sends names of letters, digits and _ only",
    InvalidCompressType: "set compression: 'lz4', or 'none'",
    SignatureNotMatch: 'check credentials.accessKeySecret, and region if the signature is v4',
  },
};

/** Reads `{"errorCode", "errorMessage"}`, or `{"Error": {"Code", "Message"}}` of a gateway before the service. */
function errorIn(body: string): ServiceError | undefined {
  const { errorCode, errorMessage, Error: inner } = jsonObjectIn(body) ?? {};
  if (typeof errorCode === 'string' && errorCode !== '') return { code: errorCode, message: textOrEmpty(errorMessage) };
  const { Code, Message } = (typeof inner === 'object' && inner !== null ? inner : {}) as Record<string, unknown>;
  return typeof Code === 'string' && Code !== '' ? { code: Code, message: textOrEmpty(Message) } : undefined;
}

function textOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Names a Logstore without the endpoint, because it has several addresses: public, internal, accelerated. */
export function logstoreIdentity(options: {
  readonly region: string;
  readonly project: string;
  readonly logstore: string;
}): Readonly<Record<string, string>> {
  const { project, logstore, region } = options;
  return { project, logstore, region };
}
