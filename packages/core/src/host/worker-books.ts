// Counts the records of all workers of one host, living and dead, by pure functions of their counters.
//
// A worker can die after it wrote a batch to disk and before it counted the batch. So its loss is known only when the
// next worker has opened the journals that it left. Until then its unfinished records are pending.
//
//   unfinished = begun + recovered + inherited - delivered - dropped    of a dead worker, when it dies
//   inherited                                                          of the living worker, from those journals
//
//   inherited <= unfinished   the difference is lost (`dropped.worker`) as soon as `inherited` is known to be complete
//   inherited >  unfinished   the difference was delivered, but its file stayed: it counts as `recovered`, and is sent
//                             again
//
// Until `inherited` is complete, the records that dead workers reported as spooled stay spooled, without those that
// were found. Several workers may die before one opens the journals. Then their records are counted together.

import { addStats, type DropReason, type Reading, type Stats, sumOf } from '../telemetry/counters';

export interface Books {
  /** The sums over the dead workers. `spooled` and `pending` are 0 in it: see the two fields below. */
  readonly past: Stats;
  /** Records of dead workers that are neither delivered nor dropped, and that no later worker has found on disk. */
  readonly unfinished: number;
  /** How many of these the workers reported as spooled. */
  readonly spooled: number;
}

/** Returns the books before the first worker dies. `zero` is the reading of new counters. */
export function emptyBooks(zero: Stats): Books {
  return { past: zero, unfinished: 0, spooled: 0 };
}

/** What the living worker's reading shows about the records of the dead workers. */
interface Found {
  /** More was on disk than was unfinished. */
  readonly recovered: number;
  readonly lost: number;
  readonly unfinished: number;
  readonly spooled: number;
}

function found({ unfinished, spooled }: Books, { inherited, isInheritedKnown }: Reading): Found {
  const missing = Math.max(0, unfinished - inherited);
  const recovered = Math.max(0, inherited - unfinished);
  if (isInheritedKnown) return { recovered, lost: missing, unfinished: 0, spooled: 0 };
  return { recovered, lost: 0, unfinished: missing, spooled: Math.min(missing, Math.max(0, spooled - inherited)) };
}

/** Returns how many records of dead workers are not on disk, after the living worker has opened all journals. */
export function missingRecords(books: Books, reading: Reading): number {
  return found(books, reading).lost;
}

/** Returns the books after the living worker has died. `reading` is its last reading. */
export function addDead(books: Books, reading: Reading): Books {
  const { recovered, lost, unfinished, spooled } = found(books, reading);
  const { stats } = reading;
  const left = reading.begun + stats.recovered + reading.inherited - stats.delivered - sumOf(stats.dropped);
  const sums = addStats(books.past, { ...stats, spooled: 0, pending: 0 });
  return {
    past: dropped({ ...sums, recovered: sums.recovered + recovered }, 'worker', lost),
    unfinished: unfinished + left,
    spooled: spooled + stats.spooled,
  };
}

/** Returns how many records of dead workers were not spooled. They are lost if no later worker finds them on disk. */
export function recordsAtRisk({ unfinished, spooled }: Books): number {
  return unfinished - spooled;
}

/**
 * Returns the books if no later worker will open the journals. Records that were reported as spooled stay spooled, for
 * the next process. The others are dropped.
 */
export function giveUp(books: Books, reason: DropReason): Books {
  const { past, spooled } = books;
  return { past: dropped(past, reason, recordsAtRisk(books)), unfinished: spooled, spooled };
}

/** Returns a worker's reading as its host counts. A record that the worker refused was accepted, so it is dropped. */
export function asHostSees(reading: Reading): Reading {
  const { dropped, refused } = reading.stats;
  const both = { ...dropped };
  const none = { ...refused };
  for (const reason of Object.keys(refused) as DropReason[]) {
    both[reason] += refused[reason];
    none[reason] = 0;
  }
  return { ...reading, stats: { ...reading.stats, dropped: both, refused: none } };
}

/** Returns the counters of a host. `own` is what the host counted itself, such as accepted records. */
export function hostStats(books: Books, reading: Reading | undefined, own: Stats): Stats {
  const workers = workerSums(books, reading);
  const { recovered, delivered, spooled } = workers;
  const { accepted, refused } = own;
  const { dropped } = addStats(workers, own);
  const pending = accepted + recovered - delivered - spooled - sumOf(dropped);
  return { ...workers, accepted, refused, dropped, pending };
}

function workerSums(books: Books, reading: Reading | undefined): Stats {
  if (reading === undefined) return { ...books.past, spooled: books.spooled };
  const { recovered, lost, spooled } = found(books, reading);
  const sums = addStats(books.past, reading.stats);
  const both = { ...sums, recovered: sums.recovered + recovered, spooled: sums.spooled + spooled };
  return dropped(both, 'worker', lost);
}

function dropped(stats: Stats, reason: DropReason, records: number): Stats {
  return { ...stats, dropped: { ...stats.dropped, [reason]: stats.dropped[reason] + records } };
}
