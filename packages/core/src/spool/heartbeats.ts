// The heartbeats of other runs, observed on our own monotonic clock.
//
// The clocks of two machines are never compared. If they differed by 40 s, each machine would count the other's runs as
// dead. A run is dead if its heartbeat stood still for one lease while we observed it.

/** The beat of an owner file that could not be read. */
const UNREAD_BEAT = 0;

/** The part of an owner file that changes at each renewal. `missing`: there is no owner file. */
export type Heartbeat = { readonly beat: number; readonly mtimeMs: number } | 'missing';

interface Observed {
  readonly heartbeat: Heartbeat;
  /** When we first saw this heartbeat. */
  readonly sinceMs: number;
  /** Whether we saw another heartbeat before this one. */
  readonly moved: boolean;
}

/** On our own monotonic clock. */
export interface ObservedAt {
  readonly nowMs: number;
  /** The end of our last standstill. A heartbeat that stood still before it proves nothing. */
  readonly steadyFromMs: number;
  readonly leaseMs: number;
}

export class Heartbeats {
  readonly #runs = new Map<string, Observed>();

  observe(run: string, heartbeat: Heartbeat, { nowMs, steadyFromMs, leaseMs }: ObservedAt) {
    const observed = this.#runs.get(run);
    if (observed === undefined || !equal(observed.heartbeat, heartbeat)) {
      // A file that disappeared is no sign of life.
      const moved = observed !== undefined && heartbeat !== 'missing';
      this.#runs.set(run, { heartbeat, sinceMs: nowMs, moved });
      return moved ? 'alive' : 'unknown';
    }
    // If the number could be read this time, the next renewal is compared with it.
    if (heartbeat !== 'missing' && heartbeat.beat !== UNREAD_BEAT) this.#runs.set(run, { ...observed, heartbeat });
    if (nowMs - Math.max(observed.sinceMs, steadyFromMs) >= leaseMs) return 'dead';
    return observed.moved ? 'alive' : 'unknown';
  }

  forget(run: string): void {
    this.#runs.delete(run);
  }
}

function equal(a: Heartbeat, b: Heartbeat): boolean {
  if (a === 'missing' || b === 'missing') return a === b;
  // A read that failed once must not look like a renewal. Otherwise a dead run would count as alive.
  const isRead = a.beat !== UNREAD_BEAT && b.beat !== UNREAD_BEAT;
  return a.mtimeMs === b.mtimeMs && (!isRead || a.beat === b.beat);
}
