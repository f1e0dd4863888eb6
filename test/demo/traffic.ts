// The records of each application of the demo, in bursts, as work comes to a service.
//
// A record's time comes from its number, not from a clock, because the checker must know it to the millisecond.

import { setTimeout as pause } from 'node:timers/promises';
import { type CorpusRecord, corpusRecord } from '../support/corpus';

const BURST_RECORDS = 50;
const BURST_EVERY_MS = 20;

/** Without the pauses all would be over before a person has read the first line. */
export const RECORDS_PER_SECOND = (BURST_RECORDS * 1000) / BURST_EVERY_MS;

export async function* traffic(records: number, startMs: number): AsyncGenerator<CorpusRecord[]> {
  const startedMs = performance.now();
  for (let from = 0; from < records; from += BURST_RECORDS) {
    const count = Math.min(BURST_RECORDS, records - from);
    yield Array.from({ length: count }, (_, at) => corpusRecord(from + at, startMs));
    // Against the start, not against the burst before: timers are late, and many late timers are a slow demonstration.
    const dueMs = startedMs + ((from + count) * 1000) / RECORDS_PER_SECOND;
    await pause(Math.max(0, dueMs - performance.now()));
  }
}
