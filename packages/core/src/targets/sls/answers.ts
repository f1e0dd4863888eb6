// What Alibaba Cloud SLS says of a write, and what of a Logstore every target of it has to know.
// Source: the error tables of PostLogStoreLogs and PutWebtracking, and the retry rules of the vendor's producers.

import type { NameRule } from '../../record/field-names';
import { type AnswerTable, fieldsIn, type ServiceError } from '../outcome';

export const ALIYUN_NAME_RULE: NameRule = {
  maxBytes: 128,
  reserved: new Set(['__time__', '__source__', '__topic__', '__partition_time__', '_extract_others_']),
};

/** A value may have 1 MB and so may a log: less than either. */
export const ALIYUN_MAX_LOG_BYTES = 1_000_000;

const DAY_MS = 24 * 60 * 60 * 1000;
const NAMES = 'check project, logstore and endpoint; it may also be created now, for the records wait';

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
    PostBodyInvalid: 'reject',
    InvalidTimestamp: 'reject',
    InvalidEncoding: 'reject',
    InvalidKey: 'reject',
    PostBodyTooLarge: 'too many bytes',
  },
  errorIn,
  verdictOf({ code, message }, status) {
    // One code for a body that cannot be read and for a record that is too old; the status was 499 once.
    if (code === 'PostBodyInvalid' && /time is out of range/i.test(message)) return 'record time refused';
    // A project's quotas have come with several codes, and this text.
    return status === 403 && /(quota|qps) exceed/i.test(message) ? 'retry' : undefined;
  },
  window: { pastMs: 7 * DAY_MS, aheadMs: 15 * 60_000 },
  advice: {
    ProjectNotExist: NAMES,
    ProjectNotExists: NAMES,
    LogStoreNotExist: NAMES,
    Unauthorized:
      'check the access key and its right log:PostLogStoreLogs; for web tracking, that the Logstore has it on',
    InvalidAccessKeyId: 'check credentials.accessKeyId',
    SignatureNotMatch: 'check credentials.accessKeySecret, and region if the signature is v4',
  },
};

/** `{"errorCode", "errorMessage"}`; a gateway in front of the service may say `{"Error": {"Code", "Message"}}`. */
function errorIn(body: string): ServiceError | undefined {
  const { errorCode, errorMessage, Error: inner } = fieldsIn(body) ?? {};
  if (typeof errorCode === 'string' && errorCode !== '') return { code: errorCode, message: textOf(errorMessage) };
  const { Code, Message } = (typeof inner === 'object' && inner !== null ? inner : {}) as Record<string, unknown>;
  return typeof Code === 'string' && Code !== '' ? { code: Code, message: textOf(Message) } : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The region was taken from the address, if it was not given: an address of another kind names the same Logstore. */
export function logstoreIdentity(options: {
  readonly region: string;
  readonly project: string;
  readonly logstore: string;
}): Readonly<Record<string, string>> {
  const { project, logstore, region } = options;
  return { project, logstore, region };
}
