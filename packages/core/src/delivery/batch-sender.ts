// One attempt at a batch: credentials -> signed request -> answer -> outcome.
//
// Takes: a whole batch. Gives: an outcome, in whose words there is no secret. Keeps: the sockets, and what the time is
// at the service. Never: repeats an attempt, but for the one that is signed anew at once because the clock was wrong:
// the one retry loop is the lane's.

import type { SealedBatch } from '../batch/sealed-batch';
import type { CredentialSource } from '../credentials/source';
import { withoutSecrets } from '../credentials/types';
import { HttpClient } from '../http/client';
import type { Network } from '../http/exchange';
import type { Clock } from '../runtime/clock';
import type { Outcome, Refusal } from '../targets/outcome';
import type { Target } from '../targets/target';
import { ServiceTime } from './clock-skew';

export interface AttemptsOptions {
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** At a time. */
  readonly connections: number;
  readonly timeoutMs: number;
  readonly network: Network;
  /** Told of each request that goes out. */
  readonly onRequest: () => void;
  /** Told, in a sentence, that the machine's clock is not the service's. */
  readonly onClockOff: (message: string) => void;
}

export interface Attempt {
  readonly outcome: Outcome;
  /** Of the body that was sent. */
  readonly wireBytes: number;
}

const NO_CREDENTIALS: Refusal = { code: 'NO_CREDENTIALS', message: 'there are none to sign a request with' };

export class BatchSender {
  readonly #options: AttemptsOptions;
  readonly #client: HttpClient;
  readonly #serviceTime: ServiceTime;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#serviceTime = new ServiceTime(options.clock);
    this.#client = new HttpClient({ ...options, origin: options.target.origin });
  }

  async make(batch: SealedBatch, signal: AbortSignal): Promise<Attempt> {
    const { credentials, onClockOff } = this.#options;
    if (!(await credentials.ready())) return { outcome: { kind: 'hold', refusal: NO_CREDENTIALS }, wireBytes: 0 };
    const { current } = credentials;
    let attempt = await this.#send(batch, signal);
    if (attempt.outcome.kind === 'hold' && attempt.outcome.serviceMs !== undefined) {
      // Once, at once: if it is not the clock after all, the batch is held.
      const aheadMs = this.#serviceTime.correct(attempt.outcome.serviceMs);
      const seconds = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead'}`;
      onClockOff(`the clock of this machine is ${seconds}: the service's time is used for signing`);
      attempt = await this.#send(batch, signal);
    }
    const { outcome, wireBytes } = attempt;
    if (outcome.kind === 'hold' && isUnauthorized(outcome.refusal) && credentials.refused(current)) {
      return { outcome: { kind: 'retry', refusal: outcome.refusal, afterMs: 0 }, wireBytes };
    }
    return attempt;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #send(batch: SealedBatch, signal: AbortSignal): Promise<Attempt> {
    const { target, credentials } = this.#options;
    const { current } = credentials;
    const request = target.request(batch, this.#serviceTime.wallMs());
    const answer = await this.#client.request(request, signal);
    const outcome = target.outcome(answer, this.#serviceTime.wallMs());
    const wireBytes = request.body.length;
    if (outcome.kind === 'delivered') return { outcome, wireBytes };
    // A service may say in its answer what it was asked with; and what it says is told, and written to a file.
    const message = withoutSecrets(outcome.refusal.message, current);
    return { outcome: { ...outcome, refusal: { ...outcome.refusal, message } }, wireBytes };
  }
}

/** The service does not know who we are, or does not let whom we say we are. */
function isUnauthorized({ status }: Refusal): boolean {
  return status === 401 || status === 403;
}
