// What follows a refusal: the unit is cut, some of its records are given up, or it is held.
//
//   too large                 cut in halves; a single record is given up
//   records of wrong times    these records are given up together, and the rest is sent again
//   anything else             cut in halves until the refused record is found, and that one is given up
//
// The budget limits what a mistake can cost: see refusal-budget.ts. It is not asked for a cut of a batch that is too
// large, nor for records of wrong times if the service's clock and ours agree: then the times themselves are wrong.

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
  /** Learns what the service found too large. */
  readonly size: Pick<SizeLimit, 'tooLarge' | 'tooMany'>;
  /** Writes the dead-letter lines of a unit: before any progress, so that a crash in between loses no record. */
  readonly giveUp: (unit: Unit, outcome: Refused) => void;
  /** Called when records of the batch with this id are finished. */
  readonly onFinished: (packId: string, count: number) => void;
}

/** With a larger difference between the service's clock and ours, one of them is wrong. */
export const CLOCKS_AGREE_MS = 5 * 60_000;

const HELD = 'too much is refused: this is held, and nothing is deleted';
const HELD_FOR_TIME = 'too much is refused for its time, and the clocks differ: this is held, and nothing is deleted';

/** Cuts the unit, or gives up refused records of it. Returns why it is held instead. */
export function actOnRefusal(
  queue: DeliveryQueue,
  unit: Unit,
  outcome: Refused,
  parts: RefusalParts,
): Failure | undefined {
  try {
    const takes = outcome.kind === 'reject' ? outcome.takes : undefined;
    return takes === undefined
      ? cutOrGiveUp(queue, unit, outcome, parts)
      : rejectByTime(queue, unit, outcome, takes, parts);
  } catch (error) {
    return held(outcome, `its records cannot be read: ${messageOf(error)}`);
  }
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
  // If one of the clocks is wrong, every record is of the wrong time, and nothing may be given up for it.
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
