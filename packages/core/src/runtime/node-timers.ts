// Node's timers and clocks, as they are when this module is loaded: fake timers of a test do not change them.
//
// Libraries of fake timers (Sinon, Jest, Vitest, node:test) replace globals and the functions of `node:timers`. A
// function that was taken before is not affected. If a library was earlier than this module, two sources are used that
// no library replaces: the idle timeout of a socket, and the Date of another context.

import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import type { MessageChannel } from 'node:worker_threads';

type Run = () => void;

/** What Node has now. Each of them may be a fake. */
const taken = { setTimeout, clearTimeout, setImmediate, nextTick: process.nextTick, now: Date.now };
const isFaked = {
  timers: isFake(taken.setTimeout),
  immediate: isFake(taken.setImmediate),
  nextTick: isFake(taken.nextTick),
  date: !/^function now\(\) \{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(taken.now)),
};

/** Fakes of Sinon, Jest and Vitest have the property `clock`, mocks have `mock`, and node:test binds a function. */
function isFake(timer: object & { readonly name: string }): boolean {
  return 'clock' in timer || 'mock' in timer || timer.name.startsWith('bound ');
}

/** Milliseconds since 1970, by the machine's clock. */
export const wallMs: () => number = isFaked.date ? nowOfAnotherContext() : taken.now;

function nowOfAnotherContext(): () => number {
  const { runInNewContext } = process.getBuiltinModule('node:vm');
  return runInNewContext('Date.now') as () => number;
}

let monotonic: (() => number) | undefined;

/** Milliseconds since a fixed moment. Node's clock is loaded with the first call: that takes two milliseconds. */
export function monotonicMs(): number {
  monotonic ??= newMonotonic();
  return monotonic();
}

function newMonotonic(): () => number {
  const { performance } = process.getBuiltinModule('node:perf_hooks');
  // From the prototype, because a fake is a property of the object.
  const now = (Object.getPrototypeOf(performance) as typeof performance).now ?? performance.now;
  return () => now.call(performance);
}

/** Calls `run` once after `delayMs`, and keeps the process alive until then if `held`. Returns what cancels it. */
export const startTimer: (delayMs: number, held: boolean, run: Run) => Run = isFaked.timers ? socketTimer : nodeTimer;

function nodeTimer(delayMs: number, held: boolean, run: Run): Run {
  const timer = taken.setTimeout(run, delayMs);
  if (!held) timer.unref();
  return () => taken.clearTimeout(timer);
}

function socketTimer(delayMs: number, held: boolean, run: Run): Run {
  const { Socket } = process.getBuiltinModule('node:net');
  const socket = new Socket();
  let isOver = false;
  const end = () => {
    if (isOver) return false;
    isOver = true;
    if (held) hold(-1);
    socket.destroy();
    return true;
  };
  if (held) hold(1);
  socket.once('timeout', () => {
    if (end()) run();
  });
  // With 0 it would be no timeout.
  socket.setTimeout(Math.max(1, delayMs));
  return end;
}

/** Both ports, because a channel ends when one of them is garbage. */
let channel: MessageChannel | undefined;
let holders = 0;

/** A port with a listener keeps the process alive, and the timeout of a socket does not. */
function hold(more: 1 | -1): void {
  holders += more;
  channel ??= newChannel();
  if (holders > 0) channel.port1.ref();
  else channel.port1.unref();
}

function newChannel(): MessageChannel {
  const threads = process.getBuiltinModule('node:worker_threads');
  const made = new threads.MessageChannel();
  made.port1.on('message', () => {});
  return made;
}

/** Node's own `setImmediate`, or undefined if it was faked before it could be taken. */
export const nodeImmediate: typeof setImmediate | undefined = isFaked.immediate ? undefined : taken.setImmediate;

/** Calls `run` in the next turn of the event loop. */
export function immediate(run: Run): void {
  if (isFaked.immediate) startTimer(0, true, run);
  else taken.setImmediate(run);
}

/** Calls `run` when the present call stack is empty. */
export function nextTick(run: Run): void {
  if (isFaked.nextTick) void Promise.resolve().then(run);
  else taken.nextTick(run);
}
