// What each log service asks of the options, as data: the code of a target is loaded when it is used, and this before.
//
// Takes: the name of a target, an address. Gives: what must be said, what may not, and what is meant when nothing is.
// Keeps: nothing. Never: knows how a service is spoken to; that is in targets/.

export const TARGET_NAMES = ['volc-tls', 'volc-webtracks', 'aliyun-sls', 'aliyun-webtracking'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

export type Compression = 'lz4' | 'zlib' | 'gzip' | 'none';

/** Whose credentials they are: the two vendors ask for the same in other words. */
export type CredentialVendor = 'volcengine' | 'aliyun';

export interface Vendor {
  readonly id: CredentialVendor;
  readonly name: string;
  /** How the vendor's own variables begin. */
  readonly variables: string;
  /** Its services' hosts: nobody else has such a name. */
  readonly hosts: RegExp;
  /** The region in such a host. */
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
  hosts: /\.(log|sls)\.aliyuncs\.com$|^log-global\.aliyuncs\.com$/,
  region: /(?:^|\.)([a-z0-9-]+?)(?:-intranet|-internal|-share|-vpc)?\.(?:log|sls)\.aliyuncs\.com$/,
  endpointOf: (region) => `https://${region}.log.aliyuncs.com`,
};

export interface TargetFacts {
  readonly vendor: Vendor;
  /** Options without which there is nowhere to write to. `endpoint` follows from a region. */
  readonly required: readonly string[];
  /** Options it has no use for, with what it has in their place. */
  readonly unused: Readonly<Record<string, string>>;
  /** Whether requests are signed; what is not is written by whoever knows the address. */
  readonly isSigned: boolean;
  readonly compressions: readonly Compression[];
  /** Of `batch`: documented bounds, with room for what stands around the records. */
  readonly maxBatchBytes: number;
  readonly maxBatchCount: number;
  /** Of `topic` and `source`, where that is documented. */
  readonly maxNameBytes?: number;
}

const MIB = 1024 * 1024;
const SLS_NAMES = 'it writes to `project` and `logstore`';
const TLS_NAMES = 'it writes to `topicId`';
const ANONYMOUS = 'it is anonymous';
const NO_ROUTING = 'it sends to any shard';
const BY_PUT_LOGS = 'it is for aliyun-sls';

export const TARGETS: Readonly<Record<TargetName, TargetFacts>> = {
  'volc-tls': {
    vendor: VOLCENGINE,
    required: ['region', 'topicId'],
    unused: {
      projectId: 'the topic says it',
      project: TLS_NAMES,
      logstore: TLS_NAMES,
      topic: TLS_NAMES,
      routing: BY_PUT_LOGS,
      signature: BY_PUT_LOGS,
    },
    isSigned: true,
    compressions: ['lz4', 'zlib', 'none'],
    maxBatchBytes: 4 * MIB,
    maxBatchCount: 10_000,
  },
  'volc-webtracks': {
    vendor: VOLCENGINE,
    required: ['endpoint', 'projectId', 'topicId'],
    unused: {
      project: 'it is `projectId` there',
      logstore: TLS_NAMES,
      topic: TLS_NAMES,
      tags: 'a request has no place for them',
      fileName: 'a request has no place for it',
      routing: NO_ROUTING,
      signature: ANONYMOUS,
    },
    isSigned: false,
    compressions: ['lz4', 'none'],
    maxBatchBytes: 4 * MIB,
    maxBatchCount: 10_000,
  },
  'aliyun-sls': {
    vendor: ALIBABA_CLOUD,
    required: ['endpoint', 'project', 'logstore'],
    unused: { topicId: SLS_NAMES, projectId: SLS_NAMES },
    isSigned: true,
    compressions: ['lz4', 'zlib', 'none'],
    // 3 MB and 4096 by the older documents, 10 MB by the newer ones and 40,960 by the vendor's producers: above the
    // defaults it is the user who knows.
    maxBatchBytes: 9 * MIB,
    maxBatchCount: 40_960,
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
    maxNameBytes: 128,
  },
};

/** The target that a host can only be meant for; web tracking has the same hosts and must be asked for. */
export function targetOfHost(host: string): TargetName | undefined {
  if (VOLCENGINE.hosts.test(host)) return 'volc-tls';
  return ALIBABA_CLOUD.hosts.test(host) ? 'aliyun-sls' : undefined;
}

export function isTargetName(value: unknown): value is TargetName {
  return TARGET_NAMES.some((name) => name === value);
}
