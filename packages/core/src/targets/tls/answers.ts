// The answers of Volcengine TLS to a write.
// Source: the error tables of PutLogs and WebTracks, and the retry rules of the vendor's SDKs.

import { type AnswerTable, jsonObjectIn, type ServiceError } from '../classify';

const NO_TOPIC = 'check topicId, and that the topic is in this region';

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
    // The bytes were changed on their way to the service.
    ErrLogMD5CheckFailed: 'retry',
    InvalidAccessKeyId: 'hold',
    InvalidSecurityToken: 'hold',
    SignatureDoesNotMatch: 'signature refused',
    AuthorizationQueryParametersError: 'hold',
    AuthFailed: 'signature refused',
    AccessDenied: 'hold',
    TopicNotExist: 'hold',
    ProjectNotExists: 'hold',
    MethodNotSupport: 'hold',
    InvalidArgument: 'reject',
    BadRequest: 'reject',
    DeserializeFailed: 'reject',
    LogGroupListSizeTooLarge: 'too many bytes',
    TooManyLogs: 'too many records',
    LogSizeTooLarge: 'record too large',
  },
  errorIn,
  advice: {
    TopicNotExist: NO_TOPIC,
    ProjectNotExists: NO_TOPIC,
    AccessDenied: 'check the permissions of the access key; for web tracking, that it is on for the topic',
    AuthFailed: 'check the credentials: the service does not accept the key',
    InvalidAccessKeyId: 'check credentials.accessKeyId, and that it is a key of Volcengine',
    SignatureDoesNotMatch: 'check credentials.accessKeySecret and region',
  },
};

/** Reads `{"ErrorCode", "ErrorMessage"}`. Some of the vendor's clients expect names that begin with a small letter. */
function errorIn(body: string): ServiceError | undefined {
  const fields = Object.entries(jsonObjectIn(body) ?? {});
  const byName = new Map(fields.map(([name, field]) => [name.toLowerCase(), field]));
  const code = byName.get('errorcode');
  if (typeof code !== 'string' || code === '') return undefined;
  const message = byName.get('errormessage');
  return { code, message: typeof message === 'string' ? message : '' };
}
