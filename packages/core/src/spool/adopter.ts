// Decides what to do with a directory of another run. It changes nothing on disk.
//
//   holder                                my instance's directory             another instance's
//   me                                    open, unless it is open             the same
//   none: closed in good order            claim                               spoken for: leave; else claim after 60 s
//   dead                                  claim                               the same; named by my host: claim at once
//   unknown                               wait                                leave
//   alive, of another instance            wait: it hands the directory back   leave
//   alive, of my instance                 leave                               leave
//
// A directory is spoken for if a run of its instance lives, which gets it, or if this run may drain no more instances.
// This run waits only for a directory with segments, and for one lease at most. During the 60 s, a restarted process of
// the other instance can claim its own directories. Only that process can keep the order of the instance's records.

import { FREE, type PartName } from './names';
import type { Verdict } from './ownership';

/** How long the directories of a dead run are left to the next process of its instance. */
export const GRACE_MS = 60_000;

/** A directory for my destination, and what is known of it. */
export interface Candidate {
  readonly part: PartName;
  /** About the run that holds it. Without meaning if it is free. */
  readonly verdict: Verdict;
  readonly isMyInstance: boolean;
  /** Whether I have opened its journals. */
  readonly isOpen: boolean;
  /** Whether my host said that the holder's worker thread has ended. */
  readonly namedDeadByHost: boolean;
  /** How long ago I first saw that it is free, or that its holder is dead. */
  readonly firstSeenDeadAgoMs: number;
  /** Whether another process gets it, or a later look of this one: see the table. */
  readonly isSpokenFor: boolean;
  /** Whether it has segments. Reads the directory, so it is called only if the decision depends on it. */
  readonly hasSegments: () => boolean;
  /** Whether the holder is of another instance than the directory, as its owner file says. */
  readonly heldByOther: boolean;
  /** How long I have waited for this directory. */
  readonly waitedMs: number;
  readonly leaseMs: number;
  /** `GRACE_MS` if it is not given. A tool that does not want to wait passes 0. */
  readonly graceMs?: number | undefined;
}

/**
 * `open`: it is mine already, because it was handed back or because the answer of a rename was lost. `claim`: rename
 * it. `wait`: send no records of my own yet. `leave`: nothing to do now.
 */
export type Decision = 'open' | 'claim' | 'wait' | 'leave';

export function decide(candidate: Candidate): Decision {
  const { part, verdict, isMyInstance, isOpen, namedDeadByHost, isSpokenFor, firstSeenDeadAgoMs } = candidate;
  const { graceMs = GRACE_MS } = candidate;
  if (part.owner !== FREE && verdict === 'mine') return isOpen ? 'leave' : 'open';
  if (part.owner === FREE || verdict === 'dead') {
    if (isMyInstance || namedDeadByHost) return 'claim';
    return !isSpokenFor && firstSeenDeadAgoMs >= graceMs ? 'claim' : 'leave';
  }
  return candidate.waitedMs < candidate.leaseMs && mayWait(candidate) ? 'wait' : 'leave';
}

function mayWait({ verdict, isMyInstance, hasSegments, heldByOther }: Candidate): boolean {
  return isMyInstance && (verdict === 'unknown' || heldByOther) && hasSegments();
}
