// How memory and descriptors of a process changed over its life.
//
// What leaks grows from the first third to the last. So does a heap that takes its size from its busiest moment; but
// that stops, so there is also the slope of the second half.

import type { Lives, Sample } from './life';

export function memoryOf({ samples }: Lives): string {
  const third = Math.ceil(samples.length / 3);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const mib = (part: readonly Sample[]) => Math.round(median(part.map(({ rssBytes }) => rssBytes)) / 2 ** 20);
  const open = (part: readonly Sample[]) => median(part.map(({ descriptors }) => descriptors));
  const half = samples.slice(samples.length >> 1);
  const mibAnHour = slope(half.map(({ atMs, rssBytes }) => [atMs / 3_600_000, rssBytes / 2 ** 20]));
  const descriptorsAnHour = slope(half.map(({ atMs, descriptors }) => [atMs / 3_600_000, descriptors]));
  return [
    `memory ${mib(first)} -> ${mib(last)} MiB, descriptors ${open(first)} -> ${open(last)} (medians of the first and last third)`,
    `in the second half ${mibAnHour.toFixed(0)} MiB and ${descriptorsAnHour.toFixed(1)} descriptors an hour`,
  ].join('; ');
}

/** Of the line through the points, by least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const product = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return product / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}
