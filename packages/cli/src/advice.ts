// What an answer of the service, or of the way to it, means for a person: one line that says what is wrong and what to change.
//
// Takes: an error code. Gives: the line, with each option it names as a flag and its variables. Keeps: nothing. Never: an
// invented reason: of a code that nobody knows it says so.
//
// {option} stands for the option with its flag and variables. A test sees to it that no documented code is missing.

import { environmentName, flagOf, type Options, optionLeaves } from '@putlogs/core/tools';

const WRONG_KEY =
  'The access key is not known there: check {credentials.accessKeyId}, and that it is a key of this vendor and is enabled.';
const WRONG_SECRET =
  'The signature is not right: check {credentials.accessKeySecret} for the key of {credentials.accessKeyId}, and {region}.';
const WRONG_TOKEN =
  'The temporary key has expired or its token is not of it: renew {credentials.securityToken} together with the key, or let {credentials.file} give both.';
const WRONG_CLOCK = 'The time of this machine is not that of the service: set its clock (NTP). No option is wrong.';
const NO_TOPIC = 'There is no such topic: check {topicId}, and that it is in {region} at {endpoint}.';
const NO_PROJECT_TLS =
  'There is no such project: check {projectId} and {topicId}, and that they are in {region} at {endpoint}.';
const NO_PROJECT = 'There is no such project: check {project}, and that it is in the region of {endpoint}.';
const NO_LOGSTORE = 'There is no such Logstore: check {logstore} in {project}; it may also be created now.';
const NO_RIGHT =
  'The key may not write there: give {credentials.accessKeyId} the right to (PutLogs; log:PostLogStoreLogs), or, with an anonymous {target}, switch web tracking on.';
const QUOTA =
  'Too much is written there now: records wait and are sent again. Raise its quota or number of shards; {batch.maxBytes} and {lingerMs} make fewer, larger requests.';
const SERVICE_FAILED =
  'The service failed, and it may pass: records wait and are sent again. No option is wrong; if it lasts, ask the vendor with the request id.';
const BROKEN_ON_WAY = 'The bytes changed on their way: look for a proxy between here and {endpoint}.';
const REFUSED_RECORD =
  'The service refuses the test record itself: check {target} and {endpoint} are of one service; {timeKey}, {messageKey} and {tags} are part of the record.';
const TOO_LARGE = 'More than the service takes at once: lower {batch.maxBytes}.';
const TOO_MANY = 'More records than the service takes at once: lower {batch.maxCount}.';
const NO_NAME =
  'The host of {endpoint} has no address: check its spelling, {region}, and the name server of this machine.';
const NOBODY_LISTENS = 'Nobody listens at {endpoint}: check its host and port.';
const NO_WAY =
  'There is no way to {endpoint} from this machine: check the network and firewall; inside a VPC use the address for it.';
const TOO_SLOW = 'No answer in time: check the network and firewall to {endpoint}, or raise {requestTimeoutMs}.';
const CUT_OFF =
  'The connection was closed before an answer came: look for a proxy or firewall before {endpoint}, and that its port is the one for https.';
const UNTRUSTED =
  'The certificate of {endpoint} is of nobody this machine trusts: check the address; for an own authority set {tls.caFile}.';
const EXPIRED =
  'The certificate of {endpoint} is not valid at this time: set the clock of this machine, or renew the certificate.';
const OTHER_NAME = 'The certificate is for another name than the host of {endpoint}: use the name that it is for.';
const NO_TLS =
  'What answers there does not speak TLS: check the port of {endpoint}, or begin it with http:// and set {allowInsecure}.';
const NO_PROXY = 'The proxy cannot be reached: check {proxy}, or HTTPS_PROXY and HTTP_PROXY in the environment.';
const PROXY_PASSWORD =
  'The proxy asks for another name and password: check those in {proxy}, or HTTPS_PROXY in the environment.';
const PROXY_REFUSES =
  'The proxy opens no connection to {endpoint}: let it allow that host, check {proxy}, or name the host in {noProxy}.';
const NO_CREDENTIALS = 'There are no credentials to sign with: check {credentials.file} or {credentials.module}.';

const ADVICE: Readonly<Record<string, string>> = {
  // Volcengine TLS
  ExceedQPSLimit: QUOTA,
  ExceedRateLimit: QUOTA,
  ExceedCountLimit: QUOTA,
  InternalError: SERVICE_FAILED,
  ErrInternalServerError: SERVICE_FAILED,
  RequestExpired: WRONG_CLOCK,
  ErrLogMD5CheckFailed: BROKEN_ON_WAY,
  InvalidSecurityToken: WRONG_TOKEN,
  SignatureDoesNotMatch: WRONG_SECRET,
  AuthorizationQueryParametersError: WRONG_SECRET,
  AuthFailed: WRONG_SECRET,
  AccessDenied: NO_RIGHT,
  TopicNotExist: NO_TOPIC,
  InvalidArgument: REFUSED_RECORD,
  DeserializeFailed: REFUSED_RECORD,
  LogGroupListSizeTooLarge: TOO_LARGE,
  TooManyLogs: TOO_MANY,
  LogSizeTooLarge: TOO_LARGE,
  // both
  InternalServerError: SERVICE_FAILED,
  InvalidAccessKeyId: WRONG_KEY,
  RequestTimeTooSkewed: WRONG_CLOCK,
  // Alibaba Cloud SLS
  WriteQuotaExceed: QUOTA,
  ShardWriteQuotaExceed: QUOTA,
  ReadQuotaExceed: QUOTA,
  ExceedQuota: QUOTA,
  ServerBusy: SERVICE_FAILED,
  RequestTimeout: TOO_SLOW,
  RequestTimeExpired: WRONG_CLOCK,
  InvalidRequestTime: WRONG_CLOCK,
  SignatureNotMatch: WRONG_SECRET,
  Unauthorized: NO_RIGHT,
  SecurityTokenExpired: WRONG_TOKEN,
  ProjectNotExist: NO_PROJECT,
  LogStoreNotExist: NO_LOGSTORE,
  PostBodyInvalid: REFUSED_RECORD,
  InvalidTimestamp: WRONG_CLOCK,
  InvalidEncoding: REFUSED_RECORD,
  InvalidKey: REFUSED_RECORD,
  PostBodyTooLarge: TOO_LARGE,
  // on the way there
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  EAI_NODATA: NO_NAME,
  ECONNREFUSED: NOBODY_LISTENS,
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  EADDRNOTAVAIL: NO_WAY,
  EACCES: NO_WAY,
  EPERM: NO_WAY,
  ETIMEDOUT: TOO_SLOW,
  TIMEOUT: TOO_SLOW,
  ECONNRESET: CUT_OFF,
  EPIPE: CUT_OFF,
  HPE_INVALID_CONSTANT: NO_TLS,
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: OTHER_NAME,
  HOSTNAME_MISMATCH: OTHER_NAME,
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: EXPIRED,
  NO_CREDENTIALS,
  PROXY_407: PROXY_PASSWORD,
  PROXY_TIMEOUT: NO_PROXY,
};

/** Behind a proxy these are about the proxy: the service's own address is never looked up or connected to. */
const BEFORE_THE_SERVICE = new Set([NO_NAME, NOBODY_LISTENS, NO_WAY]);

/** By status, of an answer that has no code: somebody in between, mostly. */
const OTHER_ANSWER = 'What answers is not the service: check {endpoint}, and look for a proxy in between.';
const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/;
const UNKNOWN =
  'A code that putlogs does not know: see the documents of the service, and ask the vendor with the request id.';

/** Returns one line for a person. */
export function adviceFor(code: string, options: Options, isProxied = false): string {
  const advice = adviceOf(code, options);
  return named(isProxied && BEFORE_THE_SERVICE.has(advice) ? NO_PROXY : advice, options);
}

function adviceOf(code: string, { target }: Options): string {
  // One code of both services.
  if (code === 'ProjectNotExists') return target.startsWith('volc') ? NO_PROJECT_TLS : NO_PROJECT;
  if (Object.hasOwn(ADVICE, code)) return ADVICE[code]!;
  if (code.startsWith('HTTP ')) return OTHER_ANSWER;
  if (code.startsWith('PROXY_')) return PROXY_REFUSES;
  return CERTIFICATE.test(code) ? UNTRUSTED : UNKNOWN;
}

/** With flag and variables in the place of each option. */
function named(text: string, { target }: Options): string {
  return text.replace(/\{([\w.]+)\}/g, (_, path: string) => {
    const vendor = optionLeaves().find((leaf) => leaf.path === path)?.notes.vendor ?? [];
    const ours = vendor.filter((name) => name.startsWith('VOLCENGINE_') === target.startsWith('volc'));
    return `${path} (${[flagOf(path), environmentName(path), ...ours].join(', ')})`;
  });
}
