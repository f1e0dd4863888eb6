// The listeners on the process's end, and on a worker thread's, for however many shippers there are.
// Takes: those who have something to save. Gives: them a call when the process is about to end. Keeps: them, strongly,
// as long as they are here: a logger that nobody refers to any more may still have records on their way.
// Never: a signal handler; no listener at all while nobody is here; and none that changes what becomes of an error.
//
// A worker may be gone before its `exit` is over. One that throws: thread-stream tells the application's thread of the
// error, which ends the worker at once, while that still runs its listeners. So what has to be saved is saved before
// anybody else learns of the error. And one that ends with a code: thread-stream's own listener on `exit` ends the
// thread then and there, and who stands behind it is never called. So ours stands in front.

import { isMainThread } from 'node:worker_threads';

export interface ExitHook {
  /** The loop is empty, but may go on: work that is started here is waited for. */
  beforeExit(): void;
  /** Nobody has caught an error: this thread may end, or go on as if nothing had been. In a worker only. */
  uncaught?(): void;
  /** The process or thread ends after this call; only what is done before it returns is done. */
  exit(): void;
}

const leavers = new Set<ExitHook>();

export function addExitHook(leaver: ExitHook): void {
  if (leavers.size === 0) {
    process.on('beforeExit', beforeExit);
    if (isMainThread) process.on('exit', exit);
    else listenInWorker();
  }
  leavers.add(leaver);
}

function listenInWorker(): void {
  process.prependListener('exit', exit);
  process.prependListener('uncaughtExceptionMonitor', uncaught);
  // The first listener on this event would change what becomes of a rejection: without one it is an uncaught error.
  if (process.listenerCount('unhandledRejection') > 0) process.prependListener('unhandledRejection', uncaught);
}

export function removeExitHook(leaver: ExitHook): void {
  if (!leavers.delete(leaver) || leavers.size > 0) return;
  process.off('beforeExit', beforeExit);
  process.off('exit', exit);
  process.off('uncaughtExceptionMonitor', uncaught);
  process.off('unhandledRejection', uncaught);
}

function beforeExit(): void {
  for (const leaver of [...leavers]) leaver.beforeExit();
}

function uncaught(): void {
  for (const leaver of [...leavers]) leaver.uncaught?.();
}

function exit(): void {
  for (const leaver of [...leavers]) leaver.exit();
}
