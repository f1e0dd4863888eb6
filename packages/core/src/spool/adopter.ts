// What to do with a directory of another run: the decision alone, without a file operation.
//
//   holder                                my instance's directory             another instance's
//   me                                    open, unless it is open             the same
//   none: closed in good order            claim                               claim after 60 s
//   dead                                  claim                               claim after 60 s; named by my host: claim
//   unknown                               wait                                leave
//   alive, of another instance            wait: it hands the directory back   leave
//   alive, of my instance                 leave                               leave
//
// Only a directory with segments is worth a wait, which ends after one lease. The 60 s leave a restarted process of
// that instance the time to claim its own directories: only that process can keep the order of the instance's records.

import { FREE, type PartName } from './names';
import type { Verdict } from './ownership';

/** How long a dead run is left to the next process of its own instance. */
export const GRACE_MS = 60_000;

/** A directory of my destination. */
export interface Candidate {
  readonly part: PartName;
  /** About the run that holds it. Not looked at if it is free. */
  readonly verdict: Verdict;
  readonly isMyInstance: boolean;
  /** Whether I have opened its journals. */
  readonly isOpen: boolean;
  /** Whether my host said that the holder's worker thread has ended. */
  readonly namedDeadByHost: boolean;
  /** How long ago I first saw it free, or its holder dead. */
  readonly firstSeenDeadAgoMs: number;
  /** Whether anything is left in it. */
  readonly hasSegments: boolean;
  /** Whether the holder is of another instance than the directory, as its owner file says. */
  readonly heldByOther: boolean;
  /** How long I have waited for this directory. */
  readonly waitedMs: number;
  readonly leaseMs: number;
  /** `GRACE_MS`, unless a tool does not want to wait. */
  readonly graceMs?: number | undefined;
}

/**
 * `open`: it is mine already, by a gift or by a rename whose answer was lost. `claim`: rename it. `wait`: send nothing
 * of my own before it is decided. `leave`: nothing to do now.
 */
export type Decision = 'open' | 'claim' | 'wait' | 'leave';

export function decide(candidate: Candidate): Decision {
  const { part, verdict, isMyInstance, isOpen, namedDeadByHost, firstSeenDeadAgoMs } = candidate;
  const { graceMs = GRACE_MS } = candidate;
  if (part.owner !== FREE && verdict === 'mine') return isOpen ? 'leave' : 'open';
  if (part.owner === FREE || verdict === 'dead') {
    return isMyInstance || namedDeadByHost || firstSeenDeadAgoMs >= graceMs ? 'claim' : 'leave';
  }
  return mayWait(candidate) && candidate.waitedMs < candidate.leaseMs ? 'wait' : 'leave';
}

function mayWait({ verdict, isMyInstance, hasSegments, heldByOther }: Candidate): boolean {
  if (!isMyInstance || !hasSegments) return false;
  return verdict === 'unknown' || heldByOther;
}
