// Calls every registered hook when the process, or the worker thread, is about to end.
//
// - One set of listeners serves all shippers. It is removed with the last hook.
// - A registered hook is kept alive: a logger that is no longer referenced may still have pending records.
// - No listener handles a signal or changes how an error ends the process.
//
// A worker may be terminated while its `exit` listeners run:
//   1. When it throws, thread-stream reports the error to the main thread, which terminates the worker immediately. So
//      records are saved before the error is reported (`uncaught`).
//   2. When it calls process.exit, thread-stream's own `exit` listener ends the thread, and later listeners are never
//      called. So our listener is added as the first one.

import { isMainThread } from 'node:worker_threads';
import { ERRORS_SKIP_EXIT } from './gaps';

export interface ExitHook {
  /** The event loop is empty. Work that is started here keeps the process alive. */
  beforeExit(): void;
  /** An error was not caught. The thread may end, or go on. In a worker only. */
  uncaught?(): void;
  /** The process or thread ends after this call. Only synchronous work is done. */
  exit(): void;
}

const hooks = new Set<ExitHook>();
const globalEvents = globalThis as unknown as EventTarget;

export function addExitHook(hook: ExitHook): void {
  if (hooks.size === 0) {
    process.on('beforeExit', beforeExit);
    if (isMainThread) listenInMain();
    else listenInWorker();
  }
  hooks.add(hook);
}

function listenInWorker(): void {
  process.prependListener('exit', exit);
  process.prependListener('uncaughtExceptionMonitor', uncaught);
  // Without a listener a rejection is an uncaught error. The first listener on this event would change that.
  if (process.listenerCount('unhandledRejection') > 0) process.prependListener('unhandledRejection', uncaught);
}

function listenInMain(): void {
  process.on('exit', exit);
  if (!ERRORS_SKIP_EXIT) return;
  process.on('uncaughtExceptionMonitor', exitAfterRejection);
  globalEvents.addEventListener('error', exitAfterError);
}

export function removeExitHook(hook: ExitHook): void {
  if (!hooks.delete(hook) || hooks.size > 0) return;
  process.off('beforeExit', beforeExit);
  process.off('exit', exit);
  process.off('uncaughtExceptionMonitor', uncaught);
  process.off('unhandledRejection', uncaught);
  if (!ERRORS_SKIP_EXIT) return;
  process.off('uncaughtExceptionMonitor', exitAfterRejection);
  globalEvents.removeEventListener('error', exitAfterError);
}

function beforeExit(): void {
  for (const hook of [...hooks]) hook.beforeExit();
}

function uncaught(): void {
  for (const hook of [...hooks]) hook.uncaught?.();
}

/**
 * Stands in for the event `exit` after an uncaught error, for Deno. An error is there an event of the global object. A
 * listener that was added before ours may have prevented the end.
 */
function exitAfterError({ defaultPrevented }: Event): void {
  if (!defaultPrevented && process.listenerCount('uncaughtException') === 0) exit();
}

/** A rejection was an event of the global object before, and nothing prevented the end. */
function exitAfterRejection(_error: Error, origin: NodeJS.UncaughtExceptionOrigin): void {
  if (origin === 'unhandledRejection' && process.listenerCount('uncaughtException') === 0) exit();
}

function exit(): void {
  for (const hook of [...hooks]) hook.exit();
}
