// How large each heavy test is. Each has a small size, which `npm test` and `npm run test:faults`
// run, and a large one, which `npm run test:large` runs.
//
// A small size takes the same way through the code: more than one segment, more than one slice, more than one step of
// adoption. Where a defect showed only above some size, the comment says so, and only the large size would find it
// again. `scripts/test-large.mjs` runs each test file that imports this one.

const IS_LARGE = process.env['TEST_SIZES'] === 'large';

function choose<T>(small: T, large: T): T {
  return IS_LARGE ? large : small;
}

/**
 * The cases that each run tests, and those that take the same way through the code and are tested in the large size.
 */
export function cases<T>(always: readonly T[], large: readonly T[]): readonly T[] {
  return choose(always, [...always, ...large]);
}

/**
 * Batches of one record that a dead run leaves. A segment is a sixteenth of `spool.maxBytes`, so the small run has
 * several as well. More than about 125,000 batches once threw a RangeError: only the large sizes would find that
 * again.
 */
export const ADOPTED_BATCHES = choose(
  { counts: [10_000], living: 10_000, replayed: 10_000, maxBytes: 2 ** 24 },
  { counts: [150_000, 200_000], living: 150_000, replayed: 150_000, maxBytes: 2 ** 40 },
);

/** Dead runs of one record each. An adoption has steps of 5 ms, and opens a few runs in each. */
export const DEAD_RUNS = choose(500, 10_000);

/** On a slow volume. The adoption must last for longer than a worker may be silent, which is 3 s there. */
export const SLOW_VOLUME = choose(
  { batches: 10_000, runs: 300, others: 100 },
  { batches: 40_000, runs: 600, others: 300 },
);

/** Batches in memory when an outage begins. They go to disk in slices of 256. */
export const BATCHES_AT_OUTAGE = choose(10_000, 60_000);

/**
 * Batches on disk while 500 flushes are pending. A number kept for each of them and each flush is far above the
 * limit.
 */
export const FLUSHED_BATCHES = choose(5000, 20_000);

/** Batches on disk beyond what memory takes. A segment takes 65,536: only the large size fills one. */
export const SPOOLED_BATCHES = choose(16_384, 65_536);

/** Batches of one record, one for each second: of a quarter of a day, or of a day. */
export const SECONDS_SPOOLED = choose(21_600, 86_400);

/** Of the command line. All lines together are larger than the limit on the heap, in both sizes. */
export const DEAD_LETTERS = choose({ count: 20_000, padBytes: 3000 }, { count: 100_000, padBytes: 0 });

/** Of the command line, in batches of 2,000 records. The large size has more in all than the heap may hold. */
export const LISTED_RECORDS = choose(20_000, 100_000);

/**
 * Of the command line: entries of one record, in several segments. Only the large size is near to the limit on the
 * heap if each entry takes memory.
 */
export const LISTED_ENTRIES = choose({ count: 20_000, maxBytes: 2 ** 24 }, { count: 100_000, maxBytes: 2 ** 28 });

/** Lives of each of eight processes on one directory. Each life but the first finds what the one before has left. */
export const LIVES_ON_ONE_DIRECTORY = choose(2, 3);

/** Generated cases of the models. */
export const LANE_SERVICES = choose(400, 1500);
export const LANE_ABANDONED = choose(300, 1000);
export const BATCH_SEQUENCES = choose(500, 2000);
/** Histories that follow each of the first seeds. */
export const DELIVERY_HISTORIES = choose(50, 100);

/**
 * How many transports try each way to end, by how the service is: there are five transports. Small, each transport
 * still tries each way with a service that is up, and each way is tried with a slow one and with one that is down.
 */
export const TRANSPORTS_OF_AN_END = choose({ up: 5, slow: 1, down: 1 }, { up: 5, slow: 5, down: 5 });

/** Starts of each transport in an application that exits at once. */
export const EXITS_WHILE_STARTING = choose(2, 20);

/** In the place of how many of a dead-letter file's three other names something odd stands, for each odd thing. */
export const ODD_NAMES = choose(1, 3);

/**
 * Calls to the file system at which a process is killed, by `spool.mode`: the first, the last, and those between
 * them.
 */
export const KILLED_CALLS = choose({ always: 3, overflow: 2 }, { always: 6, overflow: 6 });
