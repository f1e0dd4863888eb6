// The bookkeeping over the workers of one host, living and dead: pure functions of their counters.
//
// A worker can die between the write of a batch to disk and its counter. So what is lost with it is only known when
// its successor has opened the journals that it left: until then its unfinished records are pending.
//
//   unfinished = begun + recovered + inherited - delivered - dropped    of a dead worker, when it dies
//   inherited                                                          of the living worker, from those journals
//
//   inherited <= unfinished   the rest is lost (`dropped.worker`) as soon as `inherited` is known to be complete
//   inherited >  unfinished   the rest was delivered, but the file stayed: it counts as `recovered`, and is sent again
//
// Until `inherited` is complete, what the dead workers reported as spooled stays spooled, less what was found.
// Several workers may die before one opens the journals. Their books are then closed together.

import { addStats, type DropReason, type Reading, type Stats, sumOf } from '../telemetry/counters';

export interface Books {
  /** The sums of the dead workers. Its `spooled` and `pending` are 0: see the two below. */
  readonly past: Stats;
  /** Records of dead workers that were neither delivered nor dropped, and that no later worker was seen to inherit. */
  readonly unfinished: number;
  /** Those of them that the workers reported as spooled. */
  readonly spooled: number;
}

/** The books before the first worker dies. `zero` is the reading of counters that counted nothing. */
export function emptyBooks(zero: Stats): Books {
  return { past: zero, unfinished: 0, spooled: 0 };
}

/** What the living worker's reading says about the records of the dead ones. */
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

/** Records of dead workers that the living worker has not found on disk, as soon as it has looked at all of it. */
export function missingRecords(books: Books, reading: Reading): number {
  return found(books, reading).lost;
}

/** The books when the living worker has died. `reading` is its last one. */
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

/** Records of dead workers that are not known to be on disk. They are lost if no successor finds them there. */
export function recordsAtRisk({ unfinished, spooled }: Books): number {
  return unfinished - spooled;
}

/**
 * The books when no successor will open the journals. What was reported as spooled stays spooled, for the next
 * process. The rest is dropped.
 */
export function giveUp(books: Books, reason: DropReason): Books {
  const { past, spooled } = books;
  return { past: dropped(past, reason, recordsAtRisk(books)), unfinished: spooled, spooled };
}

/** A worker's reading as its host sees it: a record that the worker refused was accepted there, so it is dropped. */
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

/** The reading of a host: `own` is what it counted itself, accepted records before all. */
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
