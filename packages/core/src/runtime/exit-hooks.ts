// Calls every registered hook when the process, or the worker thread, is about to end.
//
// - One set of listeners serves all shippers. It is removed with the last hook, and the one for `exit` when every
//   shipper is closed.
// - A registered hook is kept alive: a logger that is no longer referenced may still have pending records.
// - No listener handles a signal or changes how an error ends the process.
//
// The application may log in `exit` listeners of its own:
//   1. In one that runs before ours. The first record of an idle shipper registers its hook then, and Node does not
//      call a listener that is added during the event. So ours is there before, without a hook.
//   2. In one that runs after ours. Nothing can be done for such a record: shippers refuse it (`isProcessOver`).
// In the main thread our listener is added again for the first hook, so that it comes after those of the application.
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
/** One for each shipper that may still be given a record. */
const watches = new Set<object>();
const globalEvents = globalThis as unknown as EventTarget;
let isOver = false;

/** Whether the hooks were called for the end of the process, or of this thread. */
export function isProcessOver(): boolean {
  return isOver;
}

/** Keeps the listener for `exit`, also while there is no hook. Returns the function that ends this. */
export function watchExit(): () => void {
  const watch = {};
  watches.add(watch);
  if (watches.size === 1 && hooks.size === 0) listenForExit();
  return () => {
    watches.delete(watch);
    stopListeningForExit();
  };
}

export function addExitHook(hook: ExitHook): void {
  if (hooks.size === 0) {
    process.on('beforeExit', beforeExit);
    listenForExit();
    if (isMainThread) listenInMain();
    else listenForErrors();
  }
  hooks.add(hook);
}

function listenForExit(): void {
  process.off('exit', exit);
  if (isMainThread) process.on('exit', exit);
  else process.prependListener('exit', exit);
}

function stopListeningForExit(): void {
  if (watches.size === 0 && hooks.size === 0) process.off('exit', exit);
}

function listenForErrors(): void {
  process.prependListener('uncaughtExceptionMonitor', uncaught);
  // Without a listener a rejection is an uncaught error. The first listener on this event would change that.
  if (process.listenerCount('unhandledRejection') > 0) process.prependListener('unhandledRejection', uncaught);
}

function listenInMain(): void {
  if (!ERRORS_SKIP_EXIT) return;
  process.on('uncaughtExceptionMonitor', exitAfterRejection);
  globalEvents.addEventListener('error', exitAfterError);
}

export function removeExitHook(hook: ExitHook): void {
  if (!hooks.delete(hook) || hooks.size > 0) return;
  process.off('beforeExit', beforeExit);
  process.off('uncaughtExceptionMonitor', uncaught);
  process.off('unhandledRejection', uncaught);
  stopListeningForExit();
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
  isOver = true;
}
