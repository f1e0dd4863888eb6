// What a run costs its process: CPU of the main thread and of all threads, memory, delay of the event loop.
//
// Gives: readings, to be subtracted from each other. Keeps: nothing. Never: a guess: where the platform does not tell
// the main thread's time, it is NaN, and the table shows nothing.

import { readFileSync } from 'node:fs';

export interface Usage {
  readonly atNs: bigint;
  readonly mainCpuSeconds: number;
  readonly processCpuSeconds: number;
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    atNs: process.hrtime.bigint(),
    mainCpuSeconds: mainThreadSeconds(),
    processCpuSeconds: (user + system) / 1e6,
  };
}

/** Node 23.9 and later tell it; before, Linux does: its first figure is the nanoseconds spent on a CPU. */
function mainThreadSeconds(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } };
  if (threadCpuUsage !== undefined) {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1e6;
  }
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e9;
  } catch {
    return Number.NaN;
  }
}

export function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
