// What a run costs its process: CPU of the main thread and of all threads, memory, and the delay of the event loop.
//
// Readings are subtracted from each other. If the platform does not report the CPU of the main thread, it is NaN, and
// the table leaves it out.

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

/**
 * Node 23.9 and later report it. Before that, Linux does: the first figure of schedstat is the nanoseconds on a CPU.
 */
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
