// The public type of the options. `npm run options-types` writes this file from schema.ts: do not edit it.

import type {
  BatchOptions,
  CredentialsOptions,
  DeadLetterOptions,
  MemoryOptions,
  RetryOptions,
  SpoolOptions,
  StatusOptions,
  TlsOptions,
} from './group-types';

/** The options of every transport. All may be left out here and set in the environment. */
export interface PutlogsOptions {
  /**
   * `false` starts nothing: every record is refused, without a warning.
   *
   * - Default: `true`; `false` in a build of Next.js
   * - Variable: `PUTLOGS_ENABLED`
   */
  enabled?: boolean | undefined;
  /**
   * The log service and its write API: `volc-tls`, `volc-webtracks`, `aliyun-sls`, `aliyun-webtracking`.
   *
   * - Default: follows from the endpoint, else `volc-tls`
   * - Variable: `PUTLOGS_TARGET`
   */
  target?: 'volc-tls' | 'volc-webtracks' | 'aliyun-sls' | 'aliyun-webtracking' | undefined;
  /**
   * Address of the service. `http` is allowed for loopback, or with `allowInsecure`.
   *
   * - Default: `https://tls-<region>.volces.com`, `https://<region>.log.aliyuncs.com`
   * - Variable: `PUTLOGS_ENDPOINT`, `VOLCENGINE_ENDPOINT`
   */
  endpoint?: string | undefined;
  /**
   * Region of the service, part of the signature and of the destination of a spool. Set it if an SLS endpoint does not
   * contain it.
   *
   * - Default: follows from the endpoint
   * - Variable: `PUTLOGS_REGION`, `VOLCENGINE_REGION`
   */
  region?: string | undefined;
  /**
   * TLS: id of the topic.
   *
   * - Required for TLS
   * - Variable: `PUTLOGS_TOPIC_ID`
   * - Targets: volc-tls, volc-webtracks
   */
  topicId?: string | undefined;
  /**
   * TLS WebTracks: id of the project.
   *
   * - Required for WebTracks
   * - Variable: `PUTLOGS_PROJECT_ID`
   * - Targets: volc-webtracks
   */
  projectId?: string | undefined;
  /**
   * SLS: name of the project.
   *
   * - Required for SLS
   * - Variable: `PUTLOGS_PROJECT`
   * - Targets: aliyun-sls, aliyun-webtracking
   */
  project?: string | undefined;
  /**
   * SLS: name of the Logstore.
   *
   * - Required for SLS
   * - Variable: `PUTLOGS_LOGSTORE`
   * - Targets: aliyun-sls, aliyun-webtracking
   */
  logstore?: string | undefined;
  /**
   * SLS: topic of the records, a label inside the Logstore.
   *
   * - Default: none
   * - Variable: `PUTLOGS_TOPIC`
   * - Targets: aliyun-sls, aliyun-webtracking
   */
  topic?: string | undefined;
  /**
   * SLS: the endpoint is a domain of your own that leads to the project. The project is not put before it.
   *
   * - Default: `false`
   * - Variable: `PUTLOGS_CUSTOM_DOMAIN`
   * - Targets: aliyun-sls, aliyun-webtracking
   */
  customDomain?: boolean | undefined;
  /**
   * SLS: sends the hash key in the path (`route`) or in a header (`header`, as documented in 2017).
   *
   * - Default: `'route'`
   * - Variable: `PUTLOGS_ROUTING`
   * - Targets: aliyun-sls
   */
  routing?: 'route' | 'header' | undefined;
  /**
   * SLS: version of the signature.
   *
   * - Default: `v4` if the region is known, else `v1`
   * - Variable: `PUTLOGS_SIGNATURE`
   * - Targets: aliyun-sls
   */
  signature?: 'v1' | 'v4' | undefined;
  /** The credentials that requests are signed with: the keys, or one source of keys. */
  credentials?: CredentialsOptions | undefined;
  /**
   * Name of the sender, stored with the records.
   *
   * - Default: the host name
   * - Variable: `PUTLOGS_SOURCE`
   */
  source?: string | undefined;
  /**
   * File name, stored with the records.
   *
   * - Default: none
   * - Variable: `PUTLOGS_FILE_NAME`
   * - Targets: volc-tls, aliyun-sls, aliyun-webtracking
   */
  fileName?: string | undefined;
  /**
   * Tags, stored with the records.
   *
   * - Default: `{}`
   * - Variable: `PUTLOGS_TAGS`
   * - Targets: volc-tls, aliyun-sls, aliyun-webtracking
   */
  tags?: { [name: string]: string } | undefined;
  /**
   * Name of this instance. Records of one instance keep their order.
   *
   * - Default: `POD_NAME`, else the host name; followed by the worker number of pm2 or cluster
   * - Variable: `PUTLOGS_INSTANCE`
   */
  instance?: string | undefined;
  /**
   * What decides the shard: the name of the instance (`instance`), the service (`none`, without order), or these 32 hex
   * digits.
   *
   * - Default: `'instance'`
   * - Variable: `PUTLOGS_HASH_KEY`
   */
  hashKey?: string | undefined;
  /**
   * SLS: with `exactlyOnce` the service writes each record once, also if an answer is lost. Experimental: see its
   * conditions.
   *
   * - Default: `'atLeastOnce'`
   * - Variable: `PUTLOGS_DELIVERY`
   */
  delivery?: 'atLeastOnce' | 'exactlyOnce' | undefined;
  /**
   * Maximum batches in flight with `hashKey: 'none'`. With another hash key it is one, which keeps the order.
   *
   * - Unit: batches, 1 to 64
   * - Default: `4`
   * - Variable: `PUTLOGS_CONCURRENCY`
   */
  concurrency?: number | undefined;
  /**
   * Compression of a batch. `zstd` is for SLS, on Node 22.15 or later. `gzip` is for SLS web tracking only.
   *
   * - Default: `'lz4'`
   * - Variable: `PUTLOGS_COMPRESSION`
   */
  compression?: 'lz4' | 'zlib' | 'zstd' | 'gzip' | 'none' | undefined;
  /**
   * Size of an encoded record above which its longest values are cut. A larger one than the default needs the agreement
   * of the service.
   *
   * - Unit: bytes, 16,384 to 10,000,000
   * - Default: 1 MiB for TLS, 1,000,000 for SLS: their documented limits
   * - Variable: `PUTLOGS_MAX_RECORD_BYTES`
   */
  maxRecordBytes?: number | undefined;
  /**
   * Level of `zlib` and `zstd`. A higher one needs more CPU, and sends fewer bytes.
   *
   * - Range: 1 to 9
   * - Default: `1`
   * - Variable: `PUTLOGS_COMPRESSION_LEVEL`
   */
  compressionLevel?: number | undefined;
  /** When a batch is sealed. */
  batch?: BatchOptions | undefined;
  /**
   * How long a batch stays open after its first record. It is sealed earlier when it is full.
   *
   * - Unit: milliseconds, 0 to 60,000
   * - Default: `1000`
   * - Variable: `PUTLOGS_LINGER_MS`
   */
  lingerMs?: number | undefined;
  /** The memory for undelivered records. */
  memory?: MemoryOptions | undefined;
  /** The directory for undelivered batches. */
  spool?: SpoolOptions | undefined;
  /** The file for records that the service rejects permanently. */
  deadLetter?: DeadLetterOptions | undefined;
  /** The file from which `putlogs top` reads the counters of this process. */
  status?: StatusOptions | undefined;
  /** The pauses between attempts. */
  retry?: RetryOptions | undefined;
  /**
   * Timeout of one attempt, from connecting to the end of the answer. Large batches get more time.
   *
   * - Unit: milliseconds, 100 to 600,000
   * - Default: `15000`
   * - Variable: `PUTLOGS_REQUEST_TIMEOUT_MS`
   */
  requestTimeoutMs?: number | undefined;
  /**
   * How long to keep delivering on close or process exit. pino stops waiting after 10 s.
   *
   * - Unit: milliseconds, 0 to 9,500
   * - Default: `8000`
   * - Variable: `PUTLOGS_CLOSE_TIMEOUT_MS`
   */
  closeTimeoutMs?: number | undefined;
  /**
   * Signals that close the shipper before they end the process. No effect with pino, because its worker receives no
   * signals.
   *
   * - Default: `[]`
   * - Variable: `PUTLOGS_HANDLE_SIGNALS`
   */
  handleSignals?: ('SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR2' | 'SIGBREAK')[] | undefined;
  /**
   * `true`: a process that lost records ends with exit code 1. With pino, wrong options are also an error that ends the
   * application.
   *
   * - Default: `false`
   * - Variable: `PUTLOGS_STRICT`
   */
  strict?: boolean | undefined;
  /**
   * Address of an HTTP proxy, `http://name:password@host:port`, or `none`. Loopback is never proxied.
   *
   * - Default: `HTTPS_PROXY`, `HTTP_PROXY`
   * - Variable: `PUTLOGS_PROXY`
   */
  proxy?: string | undefined;
  /**
   * Hosts that are reached without the proxy: `example.com,other:8080`.
   *
   * - Default: `NO_PROXY`
   * - Variable: `PUTLOGS_NO_PROXY`
   */
  noProxy?: string | undefined;
  /** TLS connections to the service, to STS and to a proxy by `https`. */
  tls?: TlsOptions | undefined;
  /**
   * Allow `http` to addresses other than loopback.
   *
   * - Default: `false`
   * - Variable: `PUTLOGS_ALLOW_INSECURE`
   */
  allowInsecure?: boolean | undefined;
  /**
   * Field with the record's time. With a list, any of these fields. The first one in a record that has a time is used;
   * others stay fields.
   *
   * - Default: `'time'`
   * - Variable: `PUTLOGS_TIME_KEY`
   */
  timeKey?: string | string[] | undefined;
  /**
   * Field for the text of a line that is not a JSON object or has no field. With a pino logger, its `messageKey` is the
   * default.
   *
   * - Default: `'message'`
   * - Variable: `PUTLOGS_MESSAGE_KEY`
   */
  messageKey?: string | undefined;
  /**
   * Field with the level. A label replaces a number in it.
   *
   * - Default: `'level'`
   * - Variable: `PUTLOGS_LEVEL_KEY`
   */
  levelKey?: string | undefined;
  /**
   * Labels of additional levels: `{ audit: 35 }`. A pino logger's `customLevels` need no option.
   *
   * - Default: `{}`
   * - Variable: `PUTLOGS_LEVELS`
   */
  levels?: { [name: string]: number } | undefined;
  /**
   * Fields that are added to each record, unless it has a field of that name.
   *
   * - Default: `{}`
   * - Variable: `PUTLOGS_FIELDS`
   */
  fields?: { [name: string]: string } | undefined;
  /**
   * Which names of fields stay as they are: all that the service accepts (`asIs`), or only those of letters, digits and
   * `_`, which each service accepts (`portable`).
   *
   * - Default: `'asIs'`
   * - Variable: `PUTLOGS_FIELD_NAMES`
   */
  fieldNames?: 'asIs' | 'portable' | undefined;
  /**
   * New names of fields: `{ msg: "message" }`. A new name that may not be sent is also changed.
   *
   * - Default: `{}`
   * - Variable: `PUTLOGS_RENAME`
   */
  rename?: { [name: string]: string } | undefined;
  /**
   * Fields that are left out. With flattened objects also by path: `req.headers.cookie`.
   *
   * - Default: `[]`
   * - Variable: `PUTLOGS_OMIT`
   */
  omit?: string[] | undefined;
  /**
   * How to send a nested object: as its JSON text (`json`), or as one field for each value (`flatten`), named by its
   * path: `req.method`.
   *
   * - Default: `'json'`
   * - Variable: `PUTLOGS_NESTED`
   */
  nested?: 'json' | 'flatten' | undefined;
  /**
   * Path of a module. Its default export receives each record as an object and returns the record to send.
   *
   * - Default: none
   * - Variable: `PUTLOGS_TRANSFORM`
   */
  transform?: string | undefined;
}
