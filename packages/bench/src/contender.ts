// The interface of a contender: it takes entries, and ends.

import type { Entry, Workload } from './workloads';

export interface Place {
  /** The address of the sink, on 127.0.0.1. */
  readonly url: string;
  readonly host: string;
  /**
   * The most records that wait at a time, if limits are raised so that no contender loses records because of a lower
   * limit. Undefined if each keeps its own limits.
   */
  readonly room: { readonly records: number; readonly bytes: number } | null;
  readonly workload: Workload;
  /**
   * Waits until the sink has received nothing for this time. For transports whose end does not wait for requests in
   * flight.
   */
  untilQuiet(quietMs: number): Promise<void>;
}

export interface Started {
  log(entry: Entry): void;
  /** Resolves when a transport in a worker reports that it is ready. */
  readonly ready?: Promise<void>;
  /** Ends it as its documentation says, so that it sends as many records as it can. */
  end(): Promise<void>;
  /** Loads what the application has to load for it. */
  readonly importMs: number;
}

export interface Contender {
  readonly name: string;
  readonly logger: 'pino' | 'winston' | 'sdk';
  /** A floor sends nothing. Every record of `ours` must arrive. */
  readonly kind: 'floor' | 'ours' | 'peer';
  /** It has a thread of its own, which also needs the fence. */
  readonly isThreaded: boolean;
  /** One of each kind runs in the smoke test. */
  readonly isInSmoke?: boolean;
  /** Divides the number of records of a run, for a contender that is very slow. */
  readonly oneIn?: number;
  start(place: Place): Promise<Started>;
}

/** Loads a package when it is needed, and measures how long that takes. */
export function timedRequire<Module>(name: string): { module: Module; importMs: number } {
  const startedMs = performance.now();
  return { module: require(name) as Module, importMs: performance.now() - startedMs };
}

export const REGION = 'cn-beijing';
export const TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000a';
export const PROJECT = 'bench-project';
export const LOGSTORE = 'bench-logstore';
export const KEYS = { accessKeyId: 'bench', accessKeySecret: 'bench-secret' } as const;

/** The options of putlogs: the defaults, except for the memory that all contenders get. */
export function putlogsOptions(place: Place, target: 'volc-tls' | 'aliyun-sls'): Record<string, unknown> {
  return {
    target,
    endpoint: place.url,
    ...(target === 'volc-tls' ? { region: REGION, topicId: TOPIC_ID } : { project: PROJECT, logstore: LOGSTORE }),
    credentials: KEYS,
    ...(place.room === null ? {} : { memory: { maxBytes: Math.max(64 * 1024 * 1024, place.room.bytes) } }),
  };
}
