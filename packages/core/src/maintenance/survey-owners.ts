// Decides whether the runs that own parts of a spool live, for a tool that only reads.
//
// It uses the rules of ownership.ts that need no run and no owner file of its own: socket, pid and start time. If these
// do not decide, as for a process on another machine, it watches the heartbeat for a few seconds. A heartbeat that
// moves proves that the run lives. One that stands still for so short a time proves nothing.

import { type Clock, sleep, systemClock } from '../runtime/clock';
import { BEAT_MS } from '../spool/lease-times';
import { FREE } from '../spool/names';
import { Ownership } from '../spool/ownership';
import { spoolRoot, surveyDisk } from './survey';

/** `free`: the directory was closed in good order and has no holder. */
export type OwnerState = 'alive' | 'dead' | 'unknown' | 'free';

export interface Owners {
  /** The state of a run that owns a part, or of `free`. */
  stateOf(owner: string): OwnerState;
  /** Host and pid, for people. */
  describe(owner: string): string;
}

/** Longer than one heartbeat, so that each process that lives shows one. */
const WATCH_MS = BEAT_MS + 1500;
const LOOK_EVERY_MS = 250;

export interface OwnersOptions {
  readonly clock?: Clock;
  readonly watchMs?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

export async function ownersIn(
  dir: string,
  owners: Iterable<string>,
  { clock = systemClock, watchMs = WATCH_MS, signal }: OwnersOptions = {},
): Promise<Owners> {
  const ownership = new Ownership({
    disk: surveyDisk(),
    root: spoolRoot(dir),
    // No run has this name, and without `open` nothing is written.
    run: '',
    instanceHash: '',
    destinationHashes: [],
    clock,
    deadRuns: new Set(),
  });
  const states = new Map<string, OwnerState>([[FREE, 'free']]);
  const look = async (runs: Iterable<string>) => {
    for (const run of runs) {
      const verdict = await ownership.verdict(run);
      states.set(run, verdict === 'mine' ? 'alive' : verdict);
    }
  };
  const open = () => [...states].filter(([, state]) => state === 'unknown').map(([run]) => run);
  await look(new Set([...owners].filter((owner) => owner !== FREE)));
  const beganMs = clock.monotonicMs();
  while (open().length > 0 && clock.monotonicMs() - beganMs < watchMs && signal?.aborted !== true) {
    await sleep(clock, LOOK_EVERY_MS);
    await look(open());
  }
  return {
    stateOf: (owner) => states.get(owner) ?? 'unknown',
    describe: (owner) => (owner === FREE ? 'none' : ownership.describe(owner)),
  };
}
