// The ways to write to a service, as tests see them: what leads there, how the service says what it says, and what it
// cannot keep. A test names none of them; it runs on the one that TEST_TARGET names, `volc-tls` by default.

import { TARGET_NAMES, type TargetName } from '@putlogs/core/internal/options/target-facts';

export const REGION = 'cn-beijing';
export const TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000a';
export const OTHER_TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000b';
const PROJECT = 'test-project';
const LOGSTORE = 'test-logstore';

export interface TargetUnderTest {
  readonly name: TargetName;
  readonly isSigned: boolean;
  /** The vendor's variables for credentials. */
  readonly keyVariables: { readonly id: string; readonly secret: string };
  /** Where to, as options. */
  readonly place: Readonly<Record<string, string>>;
  readonly requestIdHeader: string;
  readonly codes: {
    /** A record that is never taken. */
    readonly refused: string;
    readonly throttled: string;
    /** The clock of the request. */
    readonly time: string;
    /** The token, or, where there is none, who asks at all. */
    readonly token: string;
    /** What is written to, and what that is in. */
    readonly missing: readonly [store: string, project: string];
  };
  /** Of a log the service keeps: its own time, the shard's hash key, the batch's pack id. */
  readonly keeps: { readonly time: boolean; readonly hashKey: boolean; readonly packId: boolean };
}

const TLS = {
  keyVariables: { id: 'VOLCENGINE_ACCESS_KEY_ID', secret: 'VOLCENGINE_ACCESS_KEY_SECRET' },
  requestIdHeader: 'x-tls-requestid',
  codes: {
    refused: 'InvalidArgument',
    throttled: 'ExceedQPSLimit',
    time: 'RequestExpired',
    token: 'InvalidSecurityToken',
    missing: ['TopicNotExist', 'ProjectNotExists'],
  },
} as const;
const SLS = {
  keyVariables: { id: 'ALIBABA_CLOUD_ACCESS_KEY_ID', secret: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET' },
  requestIdHeader: 'x-log-requestid',
  codes: {
    refused: 'PostBodyInvalid',
    throttled: 'WriteQuotaExceed',
    time: 'RequestTimeExpired',
    token: 'Unauthorized',
    missing: ['LogStoreNotExist', 'ProjectNotExist'],
  },
} as const;
const ALL = { time: true, hashKey: true, packId: true };

const TARGETS: Readonly<Record<TargetName, TargetUnderTest>> = {
  'volc-tls': { ...TLS, name: 'volc-tls', isSigned: true, place: { region: REGION, topicId: TOPIC_ID }, keeps: ALL },
  'volc-webtracks': {
    ...TLS,
    name: 'volc-webtracks',
    isSigned: false,
    place: { region: REGION, topicId: TOPIC_ID, projectId: PROJECT },
    keeps: { time: false, hashKey: false, packId: false },
  },
  'aliyun-sls': {
    ...SLS,
    name: 'aliyun-sls',
    isSigned: true,
    place: { project: PROJECT, logstore: LOGSTORE },
    keeps: ALL,
  },
  'aliyun-webtracking': {
    ...SLS,
    name: 'aliyun-webtracking',
    isSigned: false,
    place: { project: PROJECT, logstore: LOGSTORE },
    keeps: { time: false, hashKey: false, packId: true },
  },
};

export const target = targetNamed(process.env['TEST_TARGET'] ?? 'volc-tls');

export function targetNamed(name: string): TargetUnderTest {
  const known = TARGET_NAMES.find((other) => other === name);
  if (known === undefined) throw new Error(`there is no target ${name}, but ${TARGET_NAMES.join(', ')}`);
  return TARGETS[known];
}

export { TARGET_NAMES, type TargetName };
