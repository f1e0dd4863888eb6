// The longest time that the event loop spends in one turn.

import { performance } from 'node:perf_hooks';

export interface Stall {
  readonly ms: number;
  /** Of this process: other processes of a busy machine do not count. */
  readonly cpuMs: number;
}

/** Begins to measure; the result ends it. */
export function watchLoop(): () => Stall {
  let isWatching = true;
  let last = { ms: performance.now(), cpuMs: cpuMs() };
  let longest: Stall = { ms: 0, cpuMs: 0 };
  const look = () => {
    const now = { ms: performance.now(), cpuMs: cpuMs() };
    longest = {
      ms: Math.max(longest.ms, now.ms - last.ms),
      cpuMs: Math.max(longest.cpuMs, now.cpuMs - last.cpuMs),
    };
    last = now;
    if (isWatching) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isWatching = false;
    return longest;
  };
}

export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
