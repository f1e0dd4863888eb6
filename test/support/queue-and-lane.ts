// One queue and its lane, wired as in shipper/delivery.ts, without a spool: the service is a function, and time is
// passed by hand.
//
// A batch is a list of texts; each text is a record. Time and texts are all that a test has to say.

import { compressor } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import { SizeLimit } from '@putlogs/core/internal/batch/size-limit';
import { Gate } from '@putlogs/core/internal/delivery/gate';
import { Lane } from '@putlogs/core/internal/delivery/lane';
import { DeliveryQueue } from '@putlogs/core/internal/delivery/queue';
import { RefusalBudget } from '@putlogs/core/internal/delivery/refusal-budget';
import { actOnRefusal } from '@putlogs/core/internal/delivery/refusals';
import type { Unit } from '@putlogs/core/internal/delivery/unit';
import type { Failure, Outcome } from '@putlogs/core/internal/targets/outcome';
import { Counters } from '@putlogs/core/internal/telemetry/counters';
import { HandClock } from '../unit/hand-clock';
import { MADE_TARGET, makeBatch, recordsIn } from './made-batch';

const PREFIX = '0123456789ABCDEF';
const HASH_KEY = 'a'.repeat(32);

export interface QueueAndLaneOptions {
  readonly concurrency?: number;
  readonly clock?: HandClock;
  readonly gate?: Gate;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly service: (texts: readonly string[], signal: AbortSignal) => Outcome | Promise<Outcome>;
  readonly onRetry?: (texts: readonly string[], failure: Failure, delayMs: number) => void;
}

export type QueueAndLane = ReturnType<typeof queueAndLane>;

export function queueAndLane({
  concurrency = 1,
  clock = new HandClock(),
  backoff = { baseMs: 100, maxMs: 1000 },
  gate = new Gate({ concurrency, backoff, clock }),
  service,
  onRetry,
}: QueueAndLaneOptions) {
  const counters = new Counters();
  const size = new SizeLimit({ maxBytes: 1_000_000, maxCount: 4096 }, clock);
  const budget = new RefusalBudget(clock);
  /** Texts of each attempt. */
  const sent: string[][] = [];
  /** Pack ids of each attempt. */
  const packIds: string[] = [];
  /** Texts of each unit that was delivered or given up, in this order. */
  const ends: { readonly how: 'delivered' | 'rejected'; readonly texts: readonly string[] }[] = [];
  const waits: string[] = [];
  const finished = new Map<string, number>();
  let records = 0;
  let batches = 0;

  const countFinished = (packId: string, count: number) => finished.set(packId, (finished.get(packId) ?? 0) + count);
  const queue = new DeliveryQueue({
    counters,
    clock,
    reframing: { frame: MADE_TARGET.frame, readTail: MADE_TARGET.readTail, compress: compressor('none', unexpected) },
    mode: 'overflow',
    joinLimits: () => (concurrency === 1 ? size : undefined),
    mayRead: () => true,
    beforeDisk: () => unexpected('there is no disk'),
    onDiskFailure: ({ message }) => unexpected(message),
    onDropped: (reason, count) => counters.drop(reason, count),
    onDrained: () => unexpected('there is no journal'),
  });
  const lane = new Lane({
    concurrency,
    clock,
    gate,
    next: () => queue.next(),
    attempt: async ({ batch }: Unit, signal) => {
      const texts = textsOf(batch);
      sent.push(texts);
      packIds.push(batch.packId);
      return service(texts, signal);
    },
    onDelivered: (unit) => {
      budget.delivered();
      queue.finish(unit, 'delivered');
      countFinished(unit.baseId, unit.batch.count);
      ends.push({ how: 'delivered', texts: textsOf(unit.batch) });
    },
    onRefused: (unit, outcome) =>
      actOnRefusal(queue, unit, outcome, {
        counters,
        budget,
        isExactlyOnce: false,
        clock,
        layout: MADE_TARGET.layout,
        size,
        giveUp: ({ batch }) => ends.push({ how: 'rejected', texts: textsOf(batch) }),
        onFinished: countFinished,
      }),
    onRetry: ({ batch }, failure, delayMs) => {
      counters.add('retries');
      queue.failed();
      waits.push(`${failure.kind} ${batch.count}: ${failure.refusal.message}`);
      onRetry?.(textsOf(batch), failure, delayMs);
    },
  });

  /** Makes a batch and hands it over. `change` may damage it. */
  const push = (texts: readonly string[], change = (batch: SealedBatch) => batch, timeMs = timeOf): void => {
    batches += 1;
    const made = texts.map((text) => ({ text, timeMs: timeMs(text) }));
    const batch = makeBatch({
      sequence: batches,
      firstRecord: records,
      records: made,
      prefix: PREFIX,
      hashKey: HASH_KEY,
    });
    records += texts.length;
    counters.add('accepted', texts.length);
    queue.push(change(batch));
    lane.pull();
  };
  const textsThat = (how: 'delivered' | 'rejected') =>
    ends.filter((end) => end.how === how).flatMap(({ texts }) => texts);
  return { counters, budget, clock, ends, finished, lane, packIds, push, queue, sent, size, textsThat, waits };
}

/** The texts of made records that begin with a capital letter are of time 0; all others are of time 1. */
export function timeOf(text: string): number {
  return /^[A-Z]/.test(text) ? 0 : 1;
}

function textsOf(batch: SealedBatch): string[] {
  try {
    return recordsIn(batch).map(({ text }) => text);
  } catch {
    return [];
  }
}

function unexpected(what: string): never {
  throw new Error(what);
}
