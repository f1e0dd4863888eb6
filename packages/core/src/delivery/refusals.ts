// Acts on a refusal: cuts the unit, gives up some of its records, or holds it.
//
//   too large                 cut in halves; a single record is given up
//   records of wrong times    these records are given up together, and the others are sent again
//   anything else             cut in halves until the refused record is found, and that record is given up
//
// The budget limits what a mistake can cost: see refusal-budget.ts. It does not count a cut of a batch that is too
// large. It does not count records of wrong times either if the service's clock and ours agree, because then these
// times are certainly wrong.

import type { SizeLimit } from '../batch/size-limit';
import { messageOf } from '../errors';
import { readTimeMs, type TimeLayout } from '../protobuf/log';
import type { Clock } from '../runtime/clock';
import type { Failure, Refused, TimeWindow } from '../targets/outcome';
import type { Counters } from '../telemetry/counters';
import type { DeliveryQueue } from './queue';
import type { RefusalBudget } from './refusal-budget';
import type { Unit } from './unit';

export interface RefusalParts {
  readonly counters: Counters;
  readonly budget: RefusalBudget;
  readonly clock: Clock;
  readonly layout: TimeLayout;
  /** Whether each record may be written only once. */
  readonly isExactlyOnce: boolean;
  /** Is called with each size that the service refused as too large. */
  readonly size: Pick<SizeLimit, 'tooLarge' | 'tooMany'>;
  /** Writes the dead-letter lines of a unit. Called before its progress is written, so that a crash loses no record. */
  readonly giveUp: (unit: Unit, outcome: Refused) => void;
  /** Called when records of the batch with this id are finished. */
  readonly onFinished: (packId: string, count: number) => void;
}

/** If the service's clock and ours differ by more, one of them is wrong. */
export const CLOCKS_AGREE_MS = 5 * 60_000;

const HELD = 'too much is refused: this is held, and nothing is deleted';
const HELD_FOR_TIME = 'too much is refused for its time, and the clocks differ: this is held, and nothing is deleted';
const IN_DOUBT =
  "an earlier attempt had no answer and may have been written, so with delivery: 'exactlyOnce' this is not cut but held";

/** Cuts the unit, or gives up refused records of it. If it does neither, returns why the unit is held. */
export function actOnRefusal(
  queue: DeliveryQueue,
  unit: Unit,
  outcome: Refused,
  parts: RefusalParts,
): Failure | undefined {
  if (parts.isExactlyOnce && mayBeWritten(unit, outcome)) return held(outcome, IN_DOUBT);
  try {
    const takes = outcome.kind === 'reject' ? outcome.takes : undefined;
    return takes === undefined
      ? cutOrGiveUp(queue, unit, outcome, parts)
      : rejectByTime(queue, unit, outcome, takes, parts);
  } catch (error) {
    return held(outcome, `its records cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Whether an earlier attempt may have been written, and its records would be written again under other ids. Bytes that
 * the service never accepts were not written, but even these are not cut: only a single record is given up.
 */
function mayBeWritten({ sentUnder, batch }: Unit, outcome: Refused): boolean {
  const isNeverTaken = outcome.kind === 'reject' && outcome.takes === undefined;
  const isInDoubt = sentUnder?.isInDoubt ?? false;
  return isInDoubt && !(isNeverTaken && batch.count === 1);
}

function rejectByTime(
  queue: DeliveryQueue,
  unit: Unit,
  outcome: Refused,
  takes: TimeWindow,
  parts: RefusalParts,
): Failure | undefined {
  const { rejected, reject } = queue.partition(unit, (log) => {
    const timeMs = readTimeMs(log, parts.layout);
    return timeMs >= takes.fromMs && timeMs <= takes.toMs;
  });
  if (rejected === undefined) return cutOrGiveUp(queue, unit, outcome, parts);
  const { count } = rejected.batch;
  // If a clock is wrong, every record seems to have a wrong time. Then the budget applies.
  const isFree = clocksAgree(takes, parts.clock);
  if (!isFree && !parts.budget.allows(count)) return held(outcome, HELD_FOR_TIME);
  parts.giveUp(rejected, outcome);
  if (!isFree) parts.budget.gaveUp(count);
  reject();
  parts.counters.add('halved');
  parts.onFinished(unit.baseId, count);
  return undefined;
}

function clocksAgree({ serviceMs }: TimeWindow, clock: Clock): boolean {
  return serviceMs !== undefined && Math.abs(serviceMs - clock.wallMs()) <= CLOCKS_AGREE_MS;
}

function cutOrGiveUp(
  queue: DeliveryQueue,
  unit: Unit,
  outcome: Refused,
  { counters, budget, size, giveUp, onFinished }: RefusalParts,
): Failure | undefined {
  const { count, rawBytes } = unit.batch;
  const isTooLarge = outcome.kind === 'split' && count > 1;
  const isAllowed = count === 1 ? budget.allows(1) : isTooLarge || budget.allowsCut;
  if (!isAllowed) return held(outcome, HELD);
  if (count === 1) {
    giveUp(unit, outcome);
    budget.gaveUp(1);
    queue.finish(unit, 'rejected');
    onFinished(unit.baseId, count);
    return undefined;
  }
  const failure = queue.cut(unit);
  if (failure !== undefined) return held(outcome, `its parts cannot be written down: ${failure.message}`);
  if (!isTooLarge) budget.cut();
  counters.add('halved');
  if (outcome.kind === 'split' && outcome.tooLarge === 'bytes') size.tooLarge(rawBytes);
  if (outcome.kind === 'split' && outcome.tooLarge === 'count') size.tooMany(count);
  return undefined;
}

function held({ refusal }: Refused, why: string): Failure {
  return { kind: 'hold', refusal: { ...refusal, message: `${refusal.message}; ${why}` } };
}
