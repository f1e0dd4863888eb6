// The options of createEmulator, their defaults, and their check. Messages never contain a secret.

import { nearestName } from './nearest-name.js';

/** Options of createEmulator. All of them are optional. */
export interface EmulatorOptions {
  /** TCP port. 0 lets the system choose. Default 0. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`, which no other machine can reach. */
  readonly host?: string | undefined;
  /** The access key id that is accepted. Default `demo`. */
  readonly accessKeyId?: string | undefined;
  /** Its secret. Default `demo-secret`. */
  readonly accessKeySecret?: string | undefined;
  /**
   * The X-Security-Token (TLS) or x-acs-security-token (SLS) that requests must have. By default they must have none.
   */
  readonly securityToken?: string | undefined;
  /** API keys, which may only write. By default there are none. */
  readonly apiKeys?: readonly string[] | undefined;
  /** The region that signatures must have. By default any region is accepted. */
  readonly region?: string | undefined;
  /** Shards of every topic, 1 to 256. Default 2. */
  readonly shards?: number | undefined;
  /** The TLS topics that exist. By default a topic exists after its first write. */
  readonly topics?: readonly string[] | undefined;
  /** The SLS Logstores that exist, as `project/logstore`. By default a Logstore exists after its first write. */
  readonly logstores?: readonly string[] | undefined;
  /** Logstores (`project/logstore`) and topic ids without anonymous web tracking. By default it is on everywhere. */
  readonly webTrackingOff?: readonly string[] | undefined;
  /**
   * The index of a new topic or Logstore. `all`, the default, finds every word and every field. With `none` nothing is
   * found until a request creates an index, as in a new topic of the services.
   */
  readonly index?: 'all' | 'none' | undefined;
  /** The key may only write: every other request is refused. Default false. */
  readonly writeOnly?: boolean | undefined;
  /** Maximum bytes of a body before compression, 1 to 64 MiB. Default 5 MiB for TLS, 3 MiB for SLS, as documented. */
  readonly maxBodyBytes?: number | undefined;
  /** Maximum bytes of a log of TLS and of a value of SLS, 1 to 64 MiB. Default 1 MiB, as documented. */
  readonly maxLogBytes?: number | undefined;
  /** Maximum logs of an SLS request. Default 4096, as documented. */
  readonly slsMaxLogs?: number | undefined;
  /**
   * The keys of SLS logs have only letters, digits and `_`, and begin with no digit, as a page of 2021 says: others are
   * refused with InvalidKey. Default false, as later pages and the vendor's clients know no such rule.
   */
  readonly slsStrictKeys?: boolean | undefined;
  /** Accepts X-Content-Sha256 without comparing it with the body, for the official Node SDK. Default false. */
  readonly lenient?: boolean | undefined;
  /** The server's clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

export interface ResolvedOptions {
  readonly port: number;
  readonly host: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string | undefined;
  readonly apiKeys: readonly string[];
  readonly region: string | undefined;
  readonly shards: number;
  readonly topics: readonly string[] | undefined;
  readonly logstores: readonly string[] | undefined;
  readonly webTrackingOff: readonly string[];
  readonly index: 'all' | 'none';
  readonly writeOnly: boolean;
  readonly maxBodyBytes: number | undefined;
  readonly maxLogBytes: number;
  readonly slsMaxLogs: number;
  readonly slsStrictKeys: boolean;
  readonly lenient: boolean;
  readonly clock: () => number;
}

const DEFAULTS = {
  port: 0,
  host: '127.0.0.1',
  accessKeyId: 'demo',
  accessKeySecret: 'demo-secret',
  securityToken: undefined,
  apiKeys: [],
  region: undefined,
  shards: 2,
  topics: undefined,
  logstores: undefined,
  webTrackingOff: [],
  index: 'all',
  writeOnly: false,
  maxBodyBytes: undefined,
  maxLogBytes: 1024 * 1024,
  slsMaxLogs: 4096,
  slsStrictKeys: false,
  lenient: false,
  clock: Date.now,
} satisfies ResolvedOptions;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isLogstore = (value: unknown): boolean => typeof value === 'string' && /^[\w-]+\/[\w-]+$/.test(value);
const isWhole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const RULES: Readonly<Record<keyof ResolvedOptions, readonly [(value: unknown) => boolean, string]>> = {
  port: [isWhole(0, 65535), 'a whole number between 0 and 65535'],
  host: [isText, 'an address or a host name'],
  // Slashes and commas separate the parts of the credential scope.
  accessKeyId: [
    (value) => typeof value === 'string' && /^[^/,\s]+$/.test(value),
    'a string without space, slash and comma',
  ],
  accessKeySecret: [isText, 'a string that is not empty'],
  apiKeys: [(value) => Array.isArray(value) && value.every(isText), 'a list of keys'],
  securityToken: [isText, 'a string that is not empty'],
  region: [isText, 'a string that is not empty'],
  shards: [isWhole(1, 256), 'a whole number between 1 and 256'],
  topics: [(value) => Array.isArray(value) && value.every(isText), 'a list of topic ids'],
  logstores: [(value) => Array.isArray(value) && value.every(isLogstore), 'a list of project/logstore'],
  webTrackingOff: [(value) => Array.isArray(value) && value.every(isText), 'a list of project/logstore or topic ids'],
  index: [(value) => value === 'all' || value === 'none', 'all or none'],
  writeOnly: [(value) => typeof value === 'boolean', 'true or false'],
  maxBodyBytes: [isWhole(1, 64 * 1024 * 1024), 'a whole number between 1 and 67108864'],
  maxLogBytes: [isWhole(1, 64 * 1024 * 1024), 'a whole number between 1 and 67108864'],
  slsMaxLogs: [isWhole(1, Number.MAX_SAFE_INTEGER), 'a whole number from 1'],
  slsStrictKeys: [(value) => typeof value === 'boolean', 'true or false'],
  lenient: [(value) => typeof value === 'boolean', 'true or false'],
  clock: [(value) => typeof value === 'function', 'a function that returns milliseconds since the epoch'],
};

export function resolveOptions(options: EmulatorOptions): ResolvedOptions | string {
  if (typeof options !== 'object' || options === null) return 'the options must be an object';
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      const near = nearestName(name, Object.keys(RULES));
      return `${name} is not an option${near === null ? '' : `; did you mean ${near}?`}`;
    }
    if (value === undefined) continue;
    const [holds, wanted] = RULES[name as keyof ResolvedOptions];
    if (!holds(value)) return `${name} must be ${wanted}`;
    given[name] = value;
  }
  return { ...DEFAULTS, ...given };
}
