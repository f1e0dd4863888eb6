// What a contender is to the rest: something that takes entries and ends.

import type { Entry, Workload } from './workloads';

export interface Place {
  /** The sink's, on 127.0.0.1. */
  readonly url: string;
  readonly host: string;
  /**
   * Most records that will wait at a time, where limits are lifted so that no contender loses what another one of
   * larger limits keeps; nothing, where each has its own limits.
   */
  readonly room: { readonly records: number; readonly bytes: number } | null;
  readonly workload: Workload;
  /** Waits until the sink has heard nothing for so long. For those whose end does not wait for what is under way. */
  untilQuiet(quietMs: number): Promise<void>;
}

export interface Started {
  log(entry: Entry): void;
  /** Settles when a transport in a thread says that it is ready. */
  readonly ready?: Promise<void>;
  /** As its documents say that one ends it: what was logged is sent, as far as it can. */
  end(): Promise<void>;
  /** Loading what the application has to load for it. */
  readonly importMs: number;
}

export interface Contender {
  readonly name: string;
  readonly logger: 'pino' | 'winston' | 'sdk';
  /** A floor sends nothing; of ours every record must arrive. */
  readonly kind: 'floor' | 'ours' | 'peer';
  /** It has a thread of its own, which has to be fenced, too. */
  readonly isThreaded: boolean;
  /** One of each kind runs in the smoke test. */
  readonly isInSmoke?: boolean;
  /** A record in so many of the run's number: one that is very slow gets fewer. */
  readonly oneIn?: number;
  start(place: Place): Promise<Started>;
}

/** Loads a package late, and says how long that took. */
export function timedRequire<Module>(name: string): { module: Module; importMs: number } {
  const startedMs = performance.now();
  return { module: require(name) as Module, importMs: performance.now() - startedMs };
}

export const REGION = 'cn-beijing';
export const TOPIC_ID = '0f8f5a3e-0000-4000-8000-00000000000a';
export const PROJECT = 'bench-project';
export const LOGSTORE = 'bench-logstore';
export const KEYS = { accessKeyId: 'bench', accessKeySecret: 'bench-secret' } as const;

/** The options of ours, in all its forms: the defaults, but for the room that all contenders get. */
export function putlogsOptions(place: Place, target: 'volc-tls' | 'aliyun-sls'): Record<string, unknown> {
  return {
    target,
    endpoint: place.url,
    ...(target === 'volc-tls' ? { region: REGION, topicId: TOPIC_ID } : { project: PROJECT, logstore: LOGSTORE }),
    credentials: KEYS,
    ...(place.room === null ? {} : { memory: { maxBytes: Math.max(64 * 1024 * 1024, place.room.bytes) } }),
  };
}
