// Watches a spool from outside: which runs were adopted by another instance, which of them were handed back, and which
// so late that their instance stopped waiting.

import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spoolRoot, surveyDisk } from '@putlogs/core/internal/maintenance/survey';
import { LEASE_MS } from '@putlogs/core/internal/spool/lease-times';
import { FREE, ownerName, type PartName, parseOwner, parsePart } from '@putlogs/core/internal/spool/names';
import { readOwner } from '@putlogs/core/internal/spool/owner-file';

const LOOK_MS = 10;
/** A wait begins and ends between two looks, and a process sees the directory a moment later. */
const LATE_PART = 0.5;

export interface SpoolWatch {
  /** Runs that another instance held. */
  readonly adopted: ReadonlySet<string>;
  /** Of those, the ones that their own instance held afterwards. */
  readonly handedBack: ReadonlySet<string>;
  /**
   * Runs that another instance held for about a lease while their own one lived: it waits no longer, so that what it
   * sends may come before what the run left.
   */
  readonly late: ReadonlySet<string>;
  stop(): void;
}

/** @param factor how much faster than the real clock the processes' clock runs */
export function watchSpool(dir: string, factor: number): SpoolWatch {
  const [adopted, handedBack, late] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const instanceOf = new Map<string, string>();
  /** Since when the own instance of a run that another one holds lives. */
  const since = new Map<string, number>();
  const lateMs = (LEASE_MS / factor) * LATE_PART;
  let before = '';
  const look = (part: PartName, living: ReadonlySet<string>) => {
    const { origin, owner, instance } = part;
    const holder = instanceOf.get(owner);
    if (owner === FREE || origin === owner || holder === undefined) return;
    if (holder === instance) {
      if (adopted.has(origin)) handedBack.add(origin);
      return;
    }
    adopted.add(origin);
    if (living.has(instance) && !since.has(origin)) since.set(origin, performance.now());
  };
  /** This process may be busy for as long as a lease, so that the time counts to the look at which it was over. */
  const endWaits = (names: readonly string[]) => {
    const held = new Set(
      names
        .flatMap((name) => parsePart(name) ?? [])
        .filter(({ instance, owner }) => instanceOf.get(owner) !== instance)
        .map(({ origin }) => origin),
    );
    for (const [origin, sinceMs] of since) {
      if (performance.now() - sinceMs > lateMs) late.add(origin);
      if (!held.has(origin)) since.delete(origin);
    }
  };
  const looking = setInterval(() => {
    const names = namesIn(spoolRoot(dir));
    before = keepHistory(dir, names, before);
    const living = new Set<string>();
    for (const run of names.flatMap((name) => parseOwner(name) ?? [])) {
      const instance = instanceOf.get(run) ?? readInstance(dir, run);
      if (instance === undefined) continue;
      instanceOf.set(run, instance);
      living.add(instance);
    }
    for (const name of names) {
      const part = parsePart(name);
      if (part !== undefined) look(part, living);
    }
    endWaits(names);
  }, LOOK_MS);
  return { adopted, handedBack, late, stop: () => clearInterval(looking) };
}

function readInstance(dir: string, run: string): string | undefined {
  const file = readOwner(surveyDisk(), join(spoolRoot(dir), ownerName(run)));
  return 'kind' in file ? undefined : file.owner?.instance;
}

/** For a look after a violation: each change of the spool's names, with its time. */
function keepHistory(dir: string, names: readonly string[], before: string): string {
  const now = names.toSorted().join(' ');
  if (now !== before) appendFileSync(`${dir}.history`, `${new Date().toISOString()} ${now}\n`);
  return now;
}

/** Nothing before the first batch is on disk. */
function namesIn(root: string): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}

/** Milliseconds at which the run began, by its own clock. */
export function startOfRunMs(run: string): number {
  return Number.parseInt(run.slice(0, 12), 16);
}
