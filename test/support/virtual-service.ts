// A log service in memory that behaves as a plan says, and that keeps a ledger of what it stored.
//
// An attempt arrives, is judged by the rules of that moment and is perhaps stored; later its answer reaches the process
// that sent it, or never does. The ledger has one group for each attempt that was stored, in the order of storing.
// The service believes the body alone: pack id and records are read from it.

import { createHash } from 'node:crypto';
import { decompress } from '@putlogs/core/internal/batch/compress';
import type { SealedBatch } from '@putlogs/core/internal/batch/sealed-batch';
import type { Clock } from '@putlogs/core/internal/runtime/clock';
import type { Outcome } from '@putlogs/core/internal/targets/outcome';
import { readBatch } from '@putlogs/core/internal/targets/read-batch';
import { type MadeRecord, recordsOf } from './made-batch';
import { below, type Random } from './seeded-random';
import type { VirtualTime } from './virtual-clock';

interface Times {
  /** From the attempt to its answer. */
  readonly latencyMs?: number;
  /** From the attempt to its arrival; may be more than `latencyMs` if the answer is lost. */
  readonly arrivesAfterMs?: number;
}

export type Behaviour = Times &
  (
    | { /** By the rules. */ readonly kind: 'judge' }
    | { /** By the rules, but the process gets no answer. */ readonly kind: 'lose answer' }
    | { /** Never arrives; the process gets no answer. */ readonly kind: 'lose request' }
    | { readonly kind: 'unavailable'; readonly afterMs?: number }
    | { readonly kind: 'hold' }
    | { readonly kind: 'reject' }
  );

/** What the service takes; each may change at any time. */
export interface Rules {
  /** A larger body, before compression, is answered with 413. */
  maxBytes: number;
  maxCount: number;
  /** A batch with such a record is rejected. */
  isPoison: (text: string) => boolean;
  /** A batch with a record outside is rejected; the answer names the times that are taken. */
  window: { readonly pastMs: number; readonly aheadMs: number } | undefined;
}

export interface Sender {
  readonly name: string;
  readonly clock: Clock;
}

/** One request. The numbers come from `VirtualTime.nextOrder`, so a later event has a higher one. */
export interface Attempt {
  readonly process: string;
  /** As the body says. */
  readonly packId: string;
  readonly hashKey: string;
  /** Of the body before compression. */
  readonly bodyHash: string;
  /** Texts, in the order of the body. */
  readonly records: readonly string[];
  readonly startedAt: number;
  /** Nothing if it was not stored. */
  storedAt: number | undefined;
  /** When the process got the service's answer; nothing if it got none, whatever it was. */
  answeredAt: number | undefined;
  /** What the service decided; nothing if the request has not arrived. */
  verdict: Outcome['kind'] | undefined;
  /** Why the body cannot be read; nothing for a sound one. */
  readonly unreadable: string | undefined;
}

const NO_ANSWER: Outcome = {
  kind: 'retry',
  refusal: { code: 'ECONNRESET', message: 'the connection was closed' },
  afterMs: 0,
};

export class VirtualService {
  readonly #time: Pick<VirtualTime, 'wallMs' | 'nextOrder'>;
  readonly #clock: Clock;
  readonly #stored: Attempt[] = [];
  readonly attempts: Attempt[] = [];
  readonly rules: Rules = {
    maxBytes: Number.POSITIVE_INFINITY,
    maxCount: Number.POSITIVE_INFINITY,
    isPoison: () => false,
    window: undefined,
  };
  /** Asked once for each attempt. */
  plan: (batch: SealedBatch, process: string) => Behaviour = () => ({ kind: 'judge' });

  /** @param clock of the service itself: for requests that arrive late, even after their process died */
  constructor(time: Pick<VirtualTime, 'wallMs' | 'nextOrder'>, clock: Clock) {
    this.#time = time;
    this.#clock = clock;
  }

  /** What was stored, in the order of storing. */
  get ledger(): readonly Attempt[] {
    return this.#stored;
  }

  attempt(batch: SealedBatch, sender: Sender): Promise<Outcome> {
    const { attempt, records } = this.#read(batch, sender.name);
    this.attempts.push(attempt);
    const behaviour = this.plan(batch, sender.name);
    const { latencyMs = 0, arrivesAfterMs = 0 } = behaviour;
    return new Promise((resolve) => {
      const arrive = () => this.#arrive(attempt, batch.rawBytes, records, behaviour);
      if (behaviour.kind === 'lose answer') later(this.#clock, arrivesAfterMs, arrive);
      if (behaviour.kind === 'lose answer' || behaviour.kind === 'lose request') {
        later(sender.clock, latencyMs, () => resolve(NO_ANSWER));
        return;
      }
      later(this.#clock, arrivesAfterMs, () => {
        const outcome = arrive();
        const answer = () => {
          attempt.answeredAt = this.#time.nextOrder();
          resolve(outcome);
        };
        // After any time the process may be dead or frozen. Then it gets no answer: its timers do not run.
        if (latencyMs === 0 && arrivesAfterMs === 0) answer();
        else sender.clock.after(latencyMs - arrivesAfterMs, true, answer);
      });
    });
  }

  #read(batch: SealedBatch, process: string): { attempt: Attempt; records: MadeRecord[] } {
    let packId = batch.packId;
    let records: MadeRecord[] = [];
    let bodyHash = '';
    let unreadable: string | undefined;
    try {
      bodyHash = createHash('sha1').update(decompress(batch)).digest('hex');
      const whole = readBatch(batch);
      records = recordsOf(whole);
      packId = whole.envelope.packId;
    } catch (error) {
      unreadable = (error as Error).message;
    }
    const attempt: Attempt = {
      process,
      packId,
      hashKey: batch.hashKey,
      bodyHash,
      records: records.map(({ text }) => text),
      startedAt: this.#time.nextOrder(),
      storedAt: undefined,
      answeredAt: undefined,
      verdict: undefined,
      unreadable,
    };
    return { attempt, records };
  }

  #arrive(attempt: Attempt, rawBytes: number, records: readonly MadeRecord[], behaviour: Behaviour): Outcome {
    const outcome = this.#planned(behaviour) ?? this.#judge(attempt, rawBytes, records);
    attempt.verdict = outcome.kind;
    if (outcome.kind === 'delivered') {
      attempt.storedAt = this.#time.nextOrder();
      this.#stored.push(attempt);
    }
    return outcome;
  }

  #planned(behaviour: Behaviour): Outcome | undefined {
    switch (behaviour.kind) {
      case 'unavailable': {
        const refusal = { code: 'HTTP 503', message: 'try again later', status: 503 };
        return { kind: 'retry', refusal, afterMs: behaviour.afterMs ?? 0 };
      }
      case 'hold':
        return { kind: 'hold', refusal: { code: 'AccessDenied', message: 'not allowed', status: 403 } };
      case 'reject':
        return rejected('InvalidArgument', 'nothing is taken');
      default:
        return undefined;
    }
  }

  #judge(attempt: Attempt, rawBytes: number, records: readonly MadeRecord[]): Outcome {
    const { maxBytes, maxCount, isPoison, window } = this.rules;
    if (attempt.unreadable !== undefined) return rejected('DeserializeFailed', attempt.unreadable);
    const tooLarge = rawBytes > maxBytes ? 'bytes' : records.length > maxCount ? 'count' : undefined;
    if (tooLarge !== undefined) {
      return { kind: 'split', refusal: { code: 'TooLarge', message: 'too large', status: 413 }, tooLarge };
    }
    if (window !== undefined) {
      const { wallMs: serviceMs } = this.#time;
      const takes = { fromMs: serviceMs - window.pastMs, toMs: serviceMs + window.aheadMs, serviceMs };
      const isOutside = ({ timeMs }: MadeRecord) => timeMs < takes.fromMs || timeMs > takes.toMs;
      if (records.some(isOutside)) return { ...rejected('TimeRefused', 'too old or too far ahead'), takes };
    }
    if (records.some(({ text }) => isPoison(text))) return rejected('InvalidArgument', 'a record is refused');
    return { kind: 'delivered', requestId: `request ${this.attempts.length}` };
  }
}

function rejected(code: string, message: string): Extract<Outcome, { kind: 'reject' }> {
  return { kind: 'reject', refusal: { code, message, status: 400 } };
}

function later(clock: Clock, delayMs: number, run: () => void): void {
  if (delayMs <= 0) run();
  else clock.after(delayMs, true, run);
}

/** How often each behaviour comes, relative to the others. */
export type Weights = Readonly<Partial<Record<Behaviour['kind'], number>>>;

/** A plan by chance. A request whose answer is lost may arrive after its process gave up. */
export function randomPlan(random: Random, weights: Weights, maxLatencyMs: number): () => Behaviour {
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  return () => {
    const kind = chosen(random() * sum, weights);
    const latencyMs = below(random, maxLatencyMs + 1);
    const arrivesAfterMs = below(random, kind === 'lose answer' ? 2 * maxLatencyMs + 1 : latencyMs + 1);
    return { kind, latencyMs, arrivesAfterMs };
  };
}

function chosen(at: number, weights: Weights): Behaviour['kind'] {
  let rest = at;
  for (const [kind, weight] of Object.entries(weights)) {
    rest -= weight;
    if (rest < 0) return kind as Behaviour['kind'];
  }
  return 'judge';
}
