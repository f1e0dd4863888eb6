// Starts a worker thread with the package thread-stream. No other file uses that package.

import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { workerData } from 'node:worker_threads';
import { codeGenerationForbidden, PutlogsError, workerFileMissing, workerNotStarted } from '../errors';
import { immediate, nodeImmediate } from '../runtime/node-timers';
import type { WorkerStart } from './worker-protocol';

/** Heap of a worker besides the records: for the runtime, the libraries, and modules of the application. */
const HEAP_BASE_MIB = 128;
/**
 * Heap of a worker for objects that live shortly, against 48 MiB of Node. The system does not get it back once it was
 * used, and the drain of a large spool uses all of it.
 */
const YOUNG_HEAP_MIB = 12;
const MIB = 1024 * 1024;

/** The parts of thread-stream that are used. Its own types do not have all of them. */
export interface ThreadStream extends EventEmitter {
  readonly worker: EventEmitter & { terminate(): Promise<number> };
  readonly writableErrored: Error | null;
  write(data: Buffer): boolean;
  flushSync(): void;
  unref(): void;
}

/** Loaded once: Jest refuses a second `require`, for a worker that is replaced after the end of a suite. */
let Stream: (new (options: object) => ThreadStream) | undefined;

/** @throws PutlogsError `ERR_PUTLOGS_WORKER` */
export function startStream(start: WorkerStart): ThreadStream {
  const { maxBytes } = start.putlogs.options.memory;
  try {
    const filename = workerFile();
    if (!canGenerateCode()) throw codeGenerationForbidden();
    Stream ??= require('thread-stream') as unknown as new (options: object) => ThreadStream;
    const workerOpts = {
      name: 'putlogs',
      // A worker that needs more memory ends alone. Without a bound the whole process would run out of memory.
      resourceLimits: {
        maxOldGenerationSizeMb: HEAP_BASE_MIB + Math.ceil((2 * maxBytes) / MIB),
        maxYoungGenerationSizeMb: YOUNG_HEAP_MIB,
      },
    };
    const preloads = loadPreloads();
    let flags = preloads?.workerFlags();
    while (flags !== undefined) {
      try {
        return new Stream({ filename, workerData: start, workerOpts: { ...workerOpts, ...flags } });
      } catch (error) {
        flags = preloads?.withoutRefused(flags, error);
      }
    }
    return new Stream({ filename, workerData: start, workerOpts });
  } catch (cause) {
    throw cause instanceof PutlogsError ? cause : workerNotStarted(cause);
  }
}

let preloadsModule: typeof import('./preloads') | undefined;

/** Loaded if the process may have preloads: most have none. */
function loadPreloads(): typeof preloadsModule {
  const { execArgv, env } = process;
  if (execArgv.length === 0 && !env['NODE_OPTIONS']) return undefined;
  preloadsModule ??= require('./preloads') as typeof import('./preloads');
  return preloadsModule;
}

/**
 * Whether code may be made of strings, which a package in thread-stream's worker does when it is loaded. The flag that
 * forbids it holds for all threads. Asked of the main context, because an application may forbid it in its own one.
 */
function canGenerateCode(): boolean {
  try {
    runInThisContext('new Function()');
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes to the worker. thread-stream copies the data to its ring in the next turn of the event loop, by the global
 * `setImmediate`. Fake timers of a test would call that late or never, so during the call it is Node's own.
 */
export function writeTo(stream: ThreadStream, data: Buffer): void {
  const given = globalThis.setImmediate;
  if (given === nodeImmediate) {
    stream.write(data);
    return;
  }
  // No assignment, which would throw if the global cannot be set.
  Reflect.set(globalThis, 'setImmediate', laterByNode);
  try {
    stream.write(data);
  } finally {
    Reflect.set(globalThis, 'setImmediate', given);
  }
}

function laterByNode(run: (...given: unknown[]) => void, ...given: unknown[]): void {
  immediate(() => run(...given));
}

/**
 * Whether this thread is a worker of a host. A worker also runs the application's preload scripts. If a script makes a
 * logger, the worker of that logger would run the script again, and so on without end.
 */
export function isOwnWorker(): boolean {
  const start = (workerData as { workerData?: Partial<WorkerStart> } | null)?.workerData;
  return start?.putlogs !== undefined;
}

/**
 * Returns the path of the worker's file. A bundle names it in `__bundlerPathsOverrides`, as for pino's workers.
 * @throws PutlogsError if it does not exist. Node would report that only after the start, and a short process would end
 * before
 */
export function workerFile(): string {
  const { __bundlerPathsOverrides: overrides } = globalThis as { __bundlerPathsOverrides?: Record<string, string> };
  // In the package this file is in host/, below the worker's. In a bundle both are in the directory of the bundle.
  const isBundled = !existsSync(join(__dirname, 'worker-handle.js'));
  // The whole path in one expression: what copies an application's files, such as `next build`, finds it by that.
  const inPackage = join(__dirname, '../worker.js');
  const path = overrides?.['@putlogs/core/worker'] ?? (isBundled ? join(__dirname, 'worker.js') : inPackage);
  if (existsSync(path)) return path;
  throw workerFileMissing(path);
}
