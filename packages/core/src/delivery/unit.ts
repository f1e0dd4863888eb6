// A unit, which is sent as one: a sealed batch, a part of a batch, or several small batches joined.

import { partOf, type Reframing, sealedId } from '../batch/parts';
import type { SealedBatch } from '../batch/sealed-batch';
import { logAt, type UnpackedBatch, unpackBatch } from '../batch/unpack';
import type { DiskFailure } from '../spool/disk';
import type { DiskUnit } from '../spool/segment';
import { attemptOf, keyOfSequence, type SequenceId } from '../spool/sequence-id';

/** Under which sequence id a unit is sent, from its first attempt on. */
export interface SentUnder {
  readonly id: SequenceId;
  /** Its batch with the key and the id. */
  readonly batch: SealedBatch;
  /** An attempt may have been written. */
  isInDoubt: boolean;
}

/** Lives from sealing or reading until it is finished. Its bytes are in memory, and also on disk if `disk` is set. */
export interface Unit {
  readonly batch: SealedBatch;
  /** The number of its batch in this run; `ADOPTED` if another run sealed it. */
  readonly sequence: number;
  /** The id its batch was sealed with. */
  readonly baseId: string;
  /** Index of its first record in that batch. */
  readonly firstIndex: number;
  /** Whether its id is not the one that its batch was sealed with. */
  readonly isPart: boolean;
  disk: DiskUnit | undefined;
  /** It has the records `from` to before `to` of the unit on disk, except those that are finished. */
  from: number;
  to: number;
  /** The indexes of its records in the unit on disk, if some between `from` and `to` are left out. */
  indexes: readonly number[] | undefined;
  /** Undefined before the first attempt, and for a unit without a sequence id. */
  sentUnder: SentUnder | undefined;
  /** Attempts that had no answer in time. */
  timeouts: number;
  /** How often its cut could not be written to disk. */
  failedCuts: number;
}

/** Sorts before every own batch. */
export const ADOPTED = -1;

/** Returns the unit of a whole batch. */
export function sealedUnit(batch: SealedBatch, sequence: number): Unit {
  return {
    batch,
    sequence,
    baseId: batch.packId,
    firstIndex: 0,
    isPart: false,
    disk: undefined,
    from: 0,
    to: batch.count,
    indexes: undefined,
    sentUnder: undefined,
    timeouts: 0,
    failedCuts: 0,
  };
}

/** Returns a whole unit as it is on disk. */
export function diskUnit(
  batch: SealedBatch,
  disk: DiskUnit,
  entry: { isPart: boolean; firstIndex: number },
  sequence: number,
): Unit {
  const baseId = sealedId(batch.packId, entry.isPart);
  return { ...sealedUnit(batch, sequence), ...entry, baseId, disk, to: disk.records };
}

/** On a full disk, parts are sent after so many tries to write the cut: only delivery frees space. */
const CUT_TRIES = 3;

/** The disk refused a cut of the unit. Returns whether the unit is held for it. */
export function holdsCut(unit: Unit, { code }: DiskFailure): boolean {
  unit.failedCuts += 1;
  return code !== 'ENOSPC' || unit.failedCuts < CUT_TRIES;
}

/** Cuts the unit before its record `at`. @throws as `unpackBatch` */
export function cutUnit(unit: Unit, at: number, reframing: Reframing): Unit[] {
  const opened = unpackBatch(unit.batch);
  const all = Array.from({ length: unit.batch.count }, (_, i) => i);
  return [all.slice(0, at), all.slice(at)].map((indexes) => partUnit(unit, opened, indexes, reframing));
}

/** Returns a part with some of the unit's records, named by their places in it. */
export function partUnit(unit: Unit, opened: UnpackedBatch, places: readonly number[], reframing: Reframing): Unit {
  const indexes = places.map((place) => indexOf(unit, place));
  const [first, last] = [indexes[0]!, indexes.at(-1)!];
  const firstIndex = unit.firstIndex - unit.from + first;
  const batch = partOf(opened, places, unit.baseId, firstIndex, reframing);
  const isWhole = last - first + 1 === indexes.length;
  return {
    ...unit,
    batch,
    firstIndex,
    isPart: true,
    from: first,
    to: last + 1,
    indexes: isWhole ? undefined : indexes,
    sentUnder: undefined,
    timeouts: 0,
    failedCuts: 0,
  };
}

/** Returns the index in the unit on disk of the record at a place. */
export function indexOf({ from, indexes }: Unit, place: number): number {
  return indexes === undefined ? from + place : indexes[place]!;
}

/** Returns the indexes in the unit on disk of the records at some places, as ranges. `to` is not part of a range. */
export function indexRanges(unit: Unit, places: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const place of places) {
    const index = indexOf(unit, place);
    const last = ranges.at(-1);
    if (last?.to === index) last.to = index + 1;
    else ranges.push({ from: index, to: index + 1 });
  }
  return ranges;
}

/**
 * Returns the unfinished parts of a unit from disk. Each part has the records between two cuts, without the finished
 * records.
 * @throws as `unpackBatch`
 */
export function remainingUnits(unit: Unit, disk: DiskUnit, reframing: Reframing): Unit[] {
  if (disk.cuts.length === 0 && disk.finished.total === 0) return [sentBefore(unit, disk)];
  const opened = unpackBatch(unit.batch);
  const cuts = new Set(disk.cuts);
  const parts: number[][] = [[]];
  for (let index = 0; index < disk.records; index += 1) {
    if (cuts.has(index)) parts.push([]);
    if (!disk.finished.has(index)) parts.at(-1)!.push(index);
  }
  const left = parts.filter(({ length }) => length > 0);
  return left.map((places) => sentBefore(partUnit(unit, opened, places, reframing), disk));
}

/** A unit from disk that was sent under an id is sent under it again, because it may have been written. */
function sentBefore(unit: Unit, { attempts }: DiskUnit): Unit {
  const id = attemptOf(attempts, unit.from, unit.to);
  if (id !== undefined) unit.sentUnder = sentUnder(unit.batch, id, true);
  return unit;
}

export function sentUnder(batch: SealedBatch, id: SequenceId, isInDoubt: boolean): SentUnder {
  const sent = { ...batch, hashKey: keyOfSequence(batch.hashKey, id), sequenceId: id.number };
  return { id, batch: sent, isInDoubt };
}

/** Returns the places of the records whose log passes the test, and of the others. @throws as `unpackBatch` */
export function partition(
  unit: Unit,
  test: (log: Buffer) => boolean,
): { opened: UnpackedBatch; passed: number[]; others: number[] } {
  const opened = unpackBatch(unit.batch);
  const passed: number[] = [];
  const others: number[] = [];
  for (let place = 0; place < unit.batch.count; place += 1) (test(logAt(opened, place)) ? passed : others).push(place);
  return { opened, passed, others };
}
