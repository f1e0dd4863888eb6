// What each target requires of the options, as data.
//
// It is loaded with the options. The code that writes to a service is in targets/, and is loaded only if it is used.

export const TARGET_NAMES = ['volc-tls', 'volc-webtracks', 'aliyun-sls', 'aliyun-webtracking'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

export type Compression = 'lz4' | 'zlib' | 'zstd' | 'gzip' | 'none';

/** The two vendors use the same kinds of credentials under different names. */
export type CredentialVendor = 'volcengine' | 'aliyun';

export interface Vendor {
  readonly id: CredentialVendor;
  readonly name: string;
  /** Prefix of the vendor's own variables. */
  readonly variables: string;
  /** Matches the host names of its service, and no others. */
  readonly hosts: RegExp;
  /** Finds the region in such a host name. */
  readonly region: RegExp;
  readonly endpointOf: (region: string) => string;
}

const VOLCENGINE: Vendor = {
  id: 'volcengine',
  name: 'Volcengine TLS',
  variables: 'VOLCENGINE_',
  hosts: /(^|\.)tls-[a-z0-9-]+\.i?(volces|bytepluses)\.com$/,
  region: /(?:^|\.)tls-([a-z0-9-]+)\.[a-z]+\.com$/,
  endpointOf: (region) => `https://tls-${region}.volces.com`,
};

const ALIBABA_CLOUD: Vendor = {
  id: 'aliyun',
  name: 'Alibaba Cloud SLS',
  variables: 'ALIBABA_CLOUD_',
  hosts: /\.(log|sls)\.aliyuncs\.com$|(^|\.)log-global\.aliyuncs\.com$/,
  region: /(?:^|\.)([a-z0-9-]+?)(?:-intranet|-internal|-share|-vpc)?\.(?:log|sls)\.aliyuncs\.com$/,
  endpointOf: (region) => `https://${region}.log.aliyuncs.com`,
};

export interface TargetFacts {
  readonly vendor: Vendor;
  /** Required options. `endpoint` follows from a region. */
  readonly required: readonly string[];
  /** Options that it does not support, each with the reason or the option to use instead. */
  readonly unused: Readonly<Record<string, string>>;
  /** False for web tracking, because its address is enough to write. */
  readonly isSigned: boolean;
  readonly compressions: readonly Compression[];
  /** Documented limits of a batch, minus room for the data around the records. */
  readonly maxBatchBytes: number;
  readonly maxBatchCount: number;
  /** The documented limit of one record, the default of `maxRecordBytes`. A record alone in its batch may have more. */
  readonly recordBytes: number;
  /** Whether a hash key must have all 32 digits. A page of TLS shows one of 8. */
  readonly needsWholeHashKey: boolean;
  /** Maximum length of `topic` and `source`, if it is documented. */
  readonly maxNameBytes?: number;
}

const MIB = 1024 * 1024;
const SLS_NAMES = 'it writes to `project` and `logstore`';
const TLS_NAMES = 'it writes to `topicId`';
const ANONYMOUS = 'it is anonymous';
const ONLY_SLS = 'its address never contains the project';
const NO_ROUTING = 'it sends to any shard';
const BY_PUT_LOGS = 'it is for aliyun-sls only';

export const TARGETS: Readonly<Record<TargetName, TargetFacts>> = {
  'volc-tls': {
    vendor: VOLCENGINE,
    required: ['region', 'topicId'],
    unused: {
      projectId: 'the topic determines it',
      project: TLS_NAMES,
      logstore: TLS_NAMES,
      topic: TLS_NAMES,
      customDomain: ONLY_SLS,
      routing: BY_PUT_LOGS,
      signature: BY_PUT_LOGS,
    },
    isSigned: true,
    compressions: ['lz4', 'zlib', 'none'],
    // The page of 2024 says 5 MiB, and the vendor's producers of 2026 send up to 9.5 MiB. They send up to 32,768 logs
    // in groups of 10,000. A batch of ours is one group.
    maxBatchBytes: 9.5 * MIB,
    maxBatchCount: 10_000,
    recordBytes: MIB,
    needsWholeHashKey: false,
  },
  'volc-webtracks': {
    vendor: VOLCENGINE,
    required: ['endpoint', 'projectId', 'topicId'],
    unused: {
      project: 'it writes to `projectId` and `topicId`',
      logstore: TLS_NAMES,
      topic: TLS_NAMES,
      customDomain: ONLY_SLS,
      tags: 'its requests cannot carry them',
      fileName: 'its requests cannot carry it',
      routing: NO_ROUTING,
      signature: ANONYMOUS,
    },
    isSigned: false,
    compressions: ['lz4', 'none'],
    maxBatchBytes: 4 * MIB,
    maxBatchCount: 10_000,
    recordBytes: MIB,
    needsWholeHashKey: false,
  },
  'aliyun-sls': {
    vendor: ALIBABA_CLOUD,
    required: ['endpoint', 'project', 'logstore'],
    unused: { topicId: SLS_NAMES, projectId: SLS_NAMES },
    isSigned: true,
    compressions: ['lz4', 'zlib', 'zstd', 'none'],
    // Older documents say 3 MB and 4096 records, newer ones 10 MB, and a refusal of 2026 names 10,485,760 bytes. The
    // vendor's producers send up to 40,960 records. Our defaults are within all of these limits. A user who raises them
    // must know the limit of the service.
    maxBatchBytes: 10_000_000,
    maxBatchCount: 40_960,
    // A log and one of its values: 1 MB. This is below both meanings of MB.
    recordBytes: 1_000_000,
    needsWholeHashKey: true,
    maxNameBytes: 128,
  },
  'aliyun-webtracking': {
    vendor: ALIBABA_CLOUD,
    required: ['endpoint', 'project', 'logstore'],
    unused: { topicId: SLS_NAMES, projectId: SLS_NAMES, routing: NO_ROUTING, signature: ANONYMOUS },
    isSigned: false,
    compressions: ['lz4', 'zlib', 'gzip', 'none'],
    maxBatchBytes: 2 * MIB,
    maxBatchCount: 4096,
    recordBytes: 1_000_000,
    needsWholeHashKey: true,
    maxNameBytes: 128,
  },
};

/** Returns the target that a host name belongs to. Web tracking has the same hosts and must be set explicitly. */
export function targetOfHost(host: string): TargetName | undefined {
  if (VOLCENGINE.hosts.test(host)) return 'volc-tls';
  return ALIBABA_CLOUD.hosts.test(host) ? 'aliyun-sls' : undefined;
}

export function isTargetName(value: unknown): value is TargetName {
  return TARGET_NAMES.some((name) => name === value);
}
