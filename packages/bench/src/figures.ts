// The figures of a contender: for each the median and the range over the rounds, and the median of its ratios to the
// floor.
//
// A ratio compares with the floor of the same round, because two runs one after the other see the same machine. A
// figure that was not measured is null.

import type { Contender } from './contender';
import type { Trial } from './trial';

export interface Figures {
  /** Records per second that the application's loop logged. */
  readonly acceptedPerSecond: number | null;
  /**
   * Records per second that arrived, from the first log call to the last record at the sink. For a floor, to its end.
   */
  readonly deliveredPerSecond: number | null;
  readonly delivered: number | null;
  readonly repeated: number | null;
  readonly mainCpuMicros: number | null;
  readonly processCpuMicros: number | null;
  readonly loopDelayP99Ms: number | null;
  readonly peakRssMiB: number | null;
  readonly wireBytes: number | null;
  readonly readyMs: number | null;
  readonly importMs: number | null;
  readonly startMs: number | null;
  readonly endSeconds: number | null;
  readonly outageGrowthMiB: number | null;
  readonly outageLeftMiB: number | null;
}

export type FigureName = keyof Figures;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** The median of the ratios to the floor of the same round. */
  readonly toFloor: number | null;
}

const MIB = 1024 * 1024;

export function figuresOf({ kind }: Pick<Contender, 'kind'>, { measured, arrived }: Trial): Figures {
  const { logged, loopSeconds, outage } = measured;
  const isFloor = kind === 'floor';
  const lastNs = isFloor ? measured.endNs : arrived.lastNs;
  const seconds = lastNs === '' ? Number.NaN : Number(BigInt(lastNs) - BigInt(measured.startNs)) / 1e9;
  const figures: Record<FigureName, number | null> = {
    acceptedPerSecond: logged / loopSeconds,
    deliveredPerSecond: (isFloor ? logged : arrived.records) / seconds,
    delivered: isFloor ? null : arrived.records / logged,
    repeated: isFloor ? null : arrived.repeated,
    mainCpuMicros: (measured.mainCpuSeconds * 1e6) / logged,
    processCpuMicros: (measured.processCpuSeconds * 1e6) / logged,
    loopDelayP99Ms: measured.loopDelayP99Ms,
    peakRssMiB: measured.peakRssBytes / MIB,
    wireBytes: isFloor ? null : arrived.bytes / arrived.records,
    readyMs: measured.readyMs,
    importMs: measured.importMs,
    startMs: measured.startMs,
    endSeconds: measured.endSeconds,
    outageGrowthMiB: outage && (outage.rssPeakBytes - outage.rssBeforeBytes) / MIB,
    outageLeftMiB: outage && (outage.rssAfterBytes - outage.rssBeforeBytes) / MIB,
  };
  for (const name of Object.keys(figures) as FigureName[]) {
    if (!Number.isFinite(figures[name])) figures[name] = null;
  }
  return figures;
}

/** @param rounds the figures of a contender and of its floor in each round; undefined if one was not measured */
export function spreadOf(
  name: FigureName,
  rounds: readonly { readonly own: Figures | undefined; readonly floor: Figures | undefined }[],
): Spread | null {
  const values = rounds.flatMap(({ own }) => own?.[name] ?? []);
  if (values.length === 0) return null;
  const ratios = rounds.flatMap(({ own, floor }) => {
    const [value, least] = [own?.[name], floor?.[name]];
    return value == null || !least ? [] : value / least;
  });
  return {
    median: median(values),
    least: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    most: values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    toFloor: ratios.length === 0 ? null : median(ratios),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
