// The public types of the groups of options. `npm run options-types` writes this file from schema.ts: do not edit it.

/** The credentials that requests are signed with: the keys, or one source of keys. */
export interface CredentialsOptions {
  /**
   * Access key id.
   *
   * - Required, or another source; not used with web tracking
   * - Variable: `PUTLOGS_CREDENTIALS_ACCESS_KEY_ID`, `VOLCENGINE_ACCESS_KEY_ID`, `VOLCENGINE_ACCESS_KEY`,
   *   `ALIBABA_CLOUD_ACCESS_KEY_ID`
   * - Targets: volc-tls, aliyun-sls
   */
  accessKeyId?: string | undefined;
  /**
   * Secret of the access key.
   *
   * - Required, or another source; not used with web tracking
   * - Variable: `PUTLOGS_CREDENTIALS_ACCESS_KEY_SECRET`, `VOLCENGINE_ACCESS_KEY_SECRET`, `VOLCENGINE_SECRET_KEY`,
   *   `ALIBABA_CLOUD_ACCESS_KEY_SECRET`
   * - Targets: volc-tls, aliyun-sls
   */
  accessKeySecret?: string | undefined;
  /**
   * Token of temporary credentials (STS).
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_SECURITY_TOKEN`, `VOLCENGINE_TOKEN`, `VOLCENGINE_SESSION_TOKEN`,
   *   `ALIBABA_CLOUD_SECURITY_TOKEN`
   * - Targets: volc-tls, aliyun-sls
   */
  securityToken?: string | undefined;
  /**
   * API key, instead of an access key. It may only write, and requests are not signed.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_API_KEY`, `VOLCENGINE_TLS_API_KEY`
   * - Targets: volc-tls, aliyun-sls
   */
  apiKey?: string | undefined;
  /**
   * JSON file with `accessKeyId`, `accessKeySecret` and `securityToken`. It is read again when it changes.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_FILE`
   * - Targets: volc-tls, aliyun-sls
   */
  file?: string | undefined;
  /**
   * Path of a module. Its default export is a function that returns the credentials.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_MODULE`
   * - Targets: volc-tls, aliyun-sls
   */
  module?: string | undefined;
  /**
   * Source of temporary credentials: an OIDC role, a profile of the command line tool, or the machine.
   *
   * - Default: the first source that is configured
   * - Variable: `PUTLOGS_CREDENTIALS_FROM`
   * - Targets: volc-tls, aliyun-sls
   */
  from?: 'oidc' | 'profile' | 'metadata' | undefined;
  /**
   * OIDC: TRN (TLS) or ARN (SLS) of the role to assume.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_OIDC_ROLE`, `VOLCENGINE_OIDC_ROLE_TRN`, `ALIBABA_CLOUD_ROLE_ARN`
   * - Targets: volc-tls, aliyun-sls
   */
  oidcRole?: string | undefined;
  /**
   * OIDC, SLS only: ARN of the identity provider.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_OIDC_PROVIDER`, `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`
   * - Targets: volc-tls, aliyun-sls
   */
  oidcProvider?: string | undefined;
  /**
   * OIDC: file with the token. It is read for each refresh.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_OIDC_TOKEN_FILE`, `VOLCENGINE_OIDC_TOKEN_FILE`, `ALIBABA_CLOUD_OIDC_TOKEN_FILE`
   * - Targets: volc-tls, aliyun-sls
   */
  oidcTokenFile?: string | undefined;
  /**
   * OIDC: name of the session in the vendor's audit log.
   *
   * - Default: `putlogs`
   * - Variable: `PUTLOGS_CREDENTIALS_OIDC_SESSION`, `VOLCENGINE_OIDC_ROLE_SESSION_NAME`,
   *   `ALIBABA_CLOUD_ROLE_SESSION_NAME`
   * - Targets: volc-tls, aliyun-sls
   */
  oidcSession?: string | undefined;
  /**
   * OIDC: policy (JSON) that limits what the session may do.
   *
   * - Default: none
   * - Variable: `PUTLOGS_CREDENTIALS_OIDC_POLICY`, `VOLCENGINE_OIDC_ROLE_POLICY`
   * - Targets: volc-tls, aliyun-sls
   */
  oidcPolicy?: string | undefined;
  /**
   * OIDC: address of STS.
   *
   * - Default: `sts.volcengineapi.com`, `sts.aliyuncs.com`
   * - Variable: `PUTLOGS_CREDENTIALS_STS_ENDPOINT`, `VOLCENGINE_OIDC_STS_ENDPOINT`
   * - Targets: volc-tls, aliyun-sls
   */
  stsEndpoint?: string | undefined;
  /**
   * Profile: its name in the configuration of the command line tool.
   *
   * - Default: the file's current profile
   * - Variable: `PUTLOGS_CREDENTIALS_PROFILE`, `VOLCENGINE_PROFILE`, `ALIBABA_CLOUD_PROFILE`
   * - Targets: volc-tls, aliyun-sls
   */
  profile?: string | undefined;
  /**
   * Profile: configuration file of the command line tool.
   *
   * - Default: `~/.volcengine/config.json`, `~/.aliyun/config.json`
   * - Variable: `PUTLOGS_CREDENTIALS_PROFILE_FILE`, `VOLCENGINE_CLI_CONFIG_FILE`
   * - Targets: volc-tls, aliyun-sls
   */
  profileFile?: string | undefined;
  /**
   * Metadata: name of the machine's role.
   *
   * - Default: the machine's role
   * - Variable: `PUTLOGS_CREDENTIALS_METADATA_ROLE`, `VOLCENGINE_ECS_METADATA`, `ALIBABA_CLOUD_ECS_METADATA`
   * - Targets: volc-tls, aliyun-sls
   */
  metadataRole?: string | undefined;
  /**
   * Metadata: address of the metadata service, for tests.
   *
   * - Default: `http://100.96.0.96`, `http://100.100.100.200`
   * - Variable: `PUTLOGS_CREDENTIALS_METADATA_ENDPOINT`
   * - Targets: volc-tls, aliyun-sls
   */
  metadataEndpoint?: string | undefined;
}

/** When a batch is sealed. */
export interface BatchOptions {
  /**
   * Size of encoded records at which a batch is sealed. Some targets accept less than 10,000,000.
   *
   * - Unit: bytes, 1,024 to 10,000,000
   * - Default: `1048576`
   * - Variable: `PUTLOGS_BATCH_MAX_BYTES`
   */
  maxBytes?: number | undefined;
  /**
   * Number of records at which a batch is sealed. Some targets accept less than 40,960.
   *
   * - Unit: records, 1 to 40,960
   * - Default: `4096`
   * - Variable: `PUTLOGS_BATCH_MAX_COUNT`
   */
  maxCount?: number | undefined;
}

/** The memory for undelivered records. */
export interface MemoryOptions {
  /**
   * Maximum memory for undelivered records, in both threads together.
   *
   * - Unit: bytes, 1,048,576 to 17,179,869,184
   * - Default: `67108864`
   * - Variable: `PUTLOGS_MEMORY_MAX_BYTES`
   */
  maxBytes?: number | undefined;
  /**
   * Which records to drop when memory is full and the spool is full or not set. Drops are counted.
   *
   * - Default: `'dropNewest'`
   * - Variable: `PUTLOGS_MEMORY_WHEN_FULL`
   */
  whenFull?: 'dropNewest' | 'dropOldest' | undefined;
}

/** The directory for undelivered batches. */
export interface SpoolOptions {
  /**
   * Directory for undelivered batches. Any number of processes may share it.
   *
   * - Default: no spool
   * - Variable: `PUTLOGS_SPOOL_DIR`
   */
  dir?: string | undefined;
  /**
   * `overflow` writes batches to disk in an outage, at the memory limit and on exit. `always` writes each batch before
   * it is sent.
   *
   * - Default: `'overflow'`
   * - Variable: `PUTLOGS_SPOOL_MODE`
   */
  mode?: 'overflow' | 'always' | undefined;
  /**
   * Maximum disk space for the batches of this process. Above it the oldest are dropped and counted. Must be at least 4
   * times `batch.maxBytes`.
   *
   * - Unit: bytes, 1,048,576 to 1,099,511,627,776
   * - Default: `1073741824`
   * - Variable: `PUTLOGS_SPOOL_MAX_BYTES`
   */
  maxBytes?: number | undefined;
  /**
   * Sync each batch to disk before it counts as spooled, so that it survives a power loss.
   *
   * - Default: `false`
   * - Variable: `PUTLOGS_SPOOL_FSYNC`
   */
  fsync?: boolean | undefined;
}

/** The file for records that the service rejects permanently. */
export interface DeadLetterOptions {
  /**
   * File for records that the service rejects permanently. Each line is one record as JSON, with the reason.
   *
   * - Default: no file
   * - Variable: `PUTLOGS_DEAD_LETTER_FILE`
   */
  file?: string | undefined;
  /**
   * Maximum size of that file and the older one beside it (`.1`), together. Above it the oldest lines are deleted and
   * counted.
   *
   * - Unit: bytes, 1,048,576 to 1,099,511,627,776
   * - Default: `1073741824`
   * - Variable: `PUTLOGS_DEAD_LETTER_MAX_BYTES`
   */
  maxBytes?: number | undefined;
}

/** The file from which `putlogs top` reads the counters of this process. */
export interface StatusOptions {
  /**
   * Directory for the status file of this process, which `putlogs top` reads. Any number of processes may share it.
   *
   * - Default: the spool, if `spool.dir` is set; else no file
   * - Variable: `PUTLOGS_STATUS_DIR`
   */
  dir?: string | undefined;
}

/** The pauses between attempts. */
export interface RetryOptions {
  /**
   * First step of the exponential backoff.
   *
   * - Unit: milliseconds, 1 to 60,000
   * - Default: `200`
   * - Variable: `PUTLOGS_RETRY_BASE_MS`
   */
  baseMs?: number | undefined;
  /**
   * Longest step of the exponential backoff.
   *
   * - Unit: milliseconds, 1 to 600,000
   * - Default: `30000`
   * - Variable: `PUTLOGS_RETRY_MAX_MS`
   */
  maxMs?: number | undefined;
}

/** TLS connections to the service, to STS and to a proxy by `https`. */
export interface TlsOptions {
  /**
   * File of CA certificates (PEM), trusted in addition to those that Node trusts.
   *
   * - Default: Node's certificates
   * - Variable: `PUTLOGS_TLS_CA_FILE`
   */
  caFile?: string | undefined;
}
