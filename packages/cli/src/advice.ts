// Explains error codes of the service and the network: one line that says what is wrong and what to change, and the
// section of the docs about it.
//
// {option} in a text is replaced by the option with its flag and variables. A test checks that every documented code
// has its line.

import { environmentName, flagOf, type Options, optionLeaves } from '@putlogs/core/tools';
import type { Advice } from './step';

const WRONG_KEY: Advice = {
  text: 'The access key is unknown to the service. Check {credentials.accessKeyId}: it must belong to this vendor and be enabled.',
  page: 'credentials',
};
const WRONG_SECRET: Advice = {
  text: 'The signature is wrong. Check that {credentials.accessKeySecret} belongs to {credentials.accessKeyId}, and check {region}.',
  page: 'credentials',
};
const WRONG_TOKEN: Advice = {
  text: 'The temporary credentials have expired, or the token belongs to another key. Renew {credentials.securityToken} and the key together, or use {credentials.file}.',
  page: 'credentials',
};
const WRONG_CLOCK: Advice = {
  text: 'The clock of this machine differs from that of the service. Set it (NTP). No option is wrong.',
  page: 'clock',
};
const NO_TOPIC: Advice = {
  text: 'The topic does not exist. Check {topicId}, and that it is in {region} at {endpoint}.',
  page: 'destination',
};
const NO_PROJECT_TLS: Advice = {
  text: 'The project does not exist. Check {projectId} and {topicId}, and that they are in {region} at {endpoint}.',
  page: 'destination',
};
const NO_PROJECT: Advice = {
  text: 'The project does not exist. Check {project}, and that it is in the region of {endpoint}.',
  page: 'destination',
};
const NO_LOGSTORE: Advice = {
  text: 'The Logstore does not exist. Check {logstore} in {project}. A new Logstore can be used after a minute or so.',
  page: 'destination',
};
const NO_RIGHT: Advice = {
  text: 'The key has no right to write. Grant it to {credentials.accessKeyId} (tls:PutLogs; log:PostLogStoreLogs). With an anonymous {target}, switch web tracking on.',
  page: 'rights',
};
const QUOTA: Advice = {
  text: 'The write quota is exceeded. Records stay pending and are retried. Raise the quota or the number of shards, or send fewer, larger requests with {batch.maxBytes} and {lingerMs}.',
  page: 'quota',
};
const SERVICE_FAILED: Advice = {
  text: 'The service failed, which may pass. Records stay pending and are retried. No option is wrong. If it lasts, contact the vendor with the request id.',
  page: 'refusals',
};
const BROKEN_ON_WAY: Advice = {
  text: 'The request was changed on its way. Look for a proxy between this machine and {endpoint}.',
  page: 'connection',
};
const REFUSED_RECORD: Advice = {
  text: 'The service rejects the test record. Check that {target} and {endpoint} are of one service. {timeKey}, {messageKey} and {tags} are part of the record.',
  page: 'refusals',
};
const REFUSED_NAME: Advice = {
  text: "The service rejects the name of a field. Set {fieldNames} to 'portable'.",
  page: 'names',
};
const USED_ID: Advice = {
  text: 'The service has written this id before, so the batch counts as delivered. No request of doctor has an id. See {delivery}.',
  page: 'refusals',
};
const TOO_LARGE: Advice = {
  text: 'The request is larger than the service accepts. Lower {batch.maxBytes}.',
  page: 'limits',
};
const TOO_MANY: Advice = {
  text: 'The request has more records than the service accepts. Lower {batch.maxCount}.',
  page: 'limits',
};
const NAME_NOT_FOUND: Advice = {
  text: "The host name of {endpoint} cannot be resolved. Check its spelling, {region}, and this machine's DNS server.",
  page: 'connection',
};
const CONNECTION_REFUSED: Advice = {
  text: 'The connection to {endpoint} was refused. Check its host and port.',
  page: 'connection',
};
const NO_ROUTE: Advice = {
  text: 'This machine cannot reach {endpoint}. Check the network and the firewall. Inside a VPC, use the VPC endpoint.',
  page: 'connection',
};
const TOO_SLOW: Advice = {
  text: 'There was no answer in time. Check the network and the firewall to {endpoint}, or raise {requestTimeoutMs}.',
  page: 'connection',
};
const CUT_OFF: Advice = {
  text: 'The connection was closed before an answer. Look for a proxy or firewall before {endpoint}, and check that its port is the one for https.',
  page: 'connection',
};
const UNTRUSTED: Advice = {
  text: "This machine does not trust the certificate of {endpoint}. Check the address, or set {tls.caFile} to your CA's certificate.",
  page: 'certificates',
};
const EXPIRED: Advice = {
  text: 'The certificate of {endpoint} has expired or is not valid yet. Set the clock of this machine, or renew the certificate.',
  page: 'certificates',
};
const OTHER_NAME: Advice = {
  text: 'The certificate is for another host name than that of {endpoint}. Use the name in the certificate.',
  page: 'certificates',
};
const NO_TLS: Advice = {
  text: 'The server does not speak TLS. Check the port of {endpoint}, or begin the address with http:// and set {allowInsecure}.',
  page: 'connection',
};
const NO_PROXY: Advice = {
  text: 'The proxy cannot be reached. Check {proxy}, or HTTPS_PROXY and HTTP_PROXY in the environment.',
  page: 'proxy',
};
const PROXY_PASSWORD: Advice = {
  text: 'The proxy rejects the user name or password. Check them in {proxy}, or HTTPS_PROXY in the environment.',
  page: 'proxy',
};
const PROXY_REFUSES: Advice = {
  text: 'The proxy refuses to connect to {endpoint}. Allow that host in the proxy, check {proxy}, or add the host to {noProxy}.',
  page: 'proxy',
};
const UNPAID: Advice = {
  text: 'The account has unpaid bills, or {project} was disabled. Look in the console of the service. No option is wrong.',
  page: 'refusals',
};
const NO_SHARD: Advice = {
  text: 'The Logstore has no shard that can be written to. Look at the shards of {logstore} in the console.',
  page: 'refusals',
};
const WRONG_HOST: Advice = {
  text: 'The host does not belong to the project. Check {endpoint}, {project}, and {customDomain} for a domain of your own.',
  page: 'destination',
};
const WRONG_PARAMETER: Advice = {
  text: 'A part of the address is wrong. Check {project}, {logstore}, {hashKey} and {routing}.',
  page: 'refusals',
};
const WRONG_COMPRESSION: Advice = {
  text: 'The service does not accept this compression. Set {compression} to lz4 or none.',
  page: 'compression',
};
const NO_CREDENTIALS: Advice = {
  text: 'There are no credentials to sign with. Check {credentials.file} or {credentials.module}.',
  page: 'credentials',
};

const ADVICE: Readonly<Record<string, Advice>> = {
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
  BadRequest: REFUSED_RECORD,
  MethodNotSupport: BROKEN_ON_WAY,
  LogGroupListSizeTooLarge: TOO_LARGE,
  TooManyLogs: TOO_MANY,
  LogSizeTooLarge: TOO_LARGE,
  // Both services
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
  InvalidKey: REFUSED_NAME,
  PostBodyTooLarge: TOO_LARGE,
  PostBodyUncompressError: BROKEN_ON_WAY,
  ProjectForbidden: UNPAID,
  LogStoreWithoutShard: NO_SHARD,
  InvalidHost: WRONG_HOST,
  ParameterInvalid: WRONG_PARAMETER,
  InvalidCompressType: WRONG_COMPRESSION,
  InvalidSequenceId: USED_ID,
  // Of headers that every request has: something on the way has removed or changed them.
  MissingHost: BROKEN_ON_WAY,
  MissingDate: BROKEN_ON_WAY,
  InvalidDateFormat: BROKEN_ON_WAY,
  MissingAPIVersion: BROKEN_ON_WAY,
  InvalidAPIVersion: BROKEN_ON_WAY,
  MissAccessKeyId: BROKEN_ON_WAY,
  MissingSignatureMethod: BROKEN_ON_WAY,
  InvalidSignatureMethod: BROKEN_ON_WAY,
  MissingContentType: BROKEN_ON_WAY,
  InvalidContentType: BROKEN_ON_WAY,
  MissingContentLength: BROKEN_ON_WAY,
  MissingBodyRawSize: BROKEN_ON_WAY,
  InvalidBodyRawSize: BROKEN_ON_WAY,
  // Network
  ENOTFOUND: NAME_NOT_FOUND,
  EAI_AGAIN: NAME_NOT_FOUND,
  EAI_NODATA: NAME_NOT_FOUND,
  ECONNREFUSED: CONNECTION_REFUSED,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  EACCES: NO_ROUTE,
  EPERM: NO_ROUTE,
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

/** Behind a proxy these codes are about the proxy: this machine does not connect to the service itself. */
const ABOUT_THE_CONNECTION = new Set([NAME_NOT_FOUND, CONNECTION_REFUSED, NO_ROUTE]);

/** For an answer that has a status but no code: it mostly comes from a proxy or gateway. */
const OTHER_ANSWER: Advice = {
  text: 'The answer is not from the log service. Check {endpoint}, and look for a proxy between this machine and the service.',
  page: 'connection',
};
const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/;
const UNKNOWN: Advice = {
  text: 'putlogs does not know this code. See the documentation of the service, and contact the vendor with the request id.',
  page: 'refusals',
};

/** Returns one line for a person, and its page. */
export function adviceFor(code: string, options: Options, isProxied = false): Advice {
  const advice = adviceOf(code, options);
  const { text, page } = isProxied && ABOUT_THE_CONNECTION.has(advice) ? NO_PROXY : advice;
  return { text: named(text, options), page };
}

function adviceOf(code: string, { target }: Options): Advice {
  // Both services have this code.
  if (code === 'ProjectNotExists') return target.startsWith('volc') ? NO_PROJECT_TLS : NO_PROJECT;
  if (Object.hasOwn(ADVICE, code)) return ADVICE[code]!;
  if (code.startsWith('HTTP ')) return OTHER_ANSWER;
  if (code.startsWith('PROXY_')) return PROXY_REFUSES;
  return CERTIFICATE.test(code) ? UNTRUSTED : UNKNOWN;
}

/** Replaces each {option} by its name, flag and variables. */
function named(text: string, { target }: Options): string {
  return text.replace(/\{([\w.]+)\}/g, (_, path: string) => {
    const vendor = optionLeaves().find((leaf) => leaf.path === path)?.notes.vendor ?? [];
    const ours = vendor.filter((name) => name.startsWith('VOLCENGINE_') === target.startsWith('volc'));
    return `${path} (${[flagOf(path), environmentName(path), ...ours].join(', ')})`;
  });
}
