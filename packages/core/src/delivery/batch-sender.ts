// One attempt at a batch: credentials -> signed request -> answer -> outcome. A question to the same service takes the
// same path.
//
// An attempt is not repeated, with one exception: if the machine's clock is wrong, the request is signed again at once
// with the service's time. All other retries are the lane's (lane.ts).
//
// A service may answer with the request that it received. So secrets and control characters are removed from each
// outcome here, before it reaches a warning, an event or the dead-letter file.

import type { SealedBatch } from '../batch/sealed-batch';
import type { CredentialSource } from '../credentials/source';
import { HttpClient } from '../http/client';
import type { Network, SignedRequest } from '../http/exchange';
import type { Clock } from '../runtime/clock';
import type { Outcome, Refusal } from '../targets/outcome';
import type { Target } from '../targets/target';
import { cleanText, cutText } from '../telemetry/outside-text';
import { secretsInHeaders, secretsInProxy, withoutSecrets } from '../telemetry/secrets';
import { ServiceTime } from './clock-skew';

export interface AttemptsOptions {
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** At a time. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** Most bytes that are read of an answer; default 64 KiB. */
  readonly maxAnswerBytes?: number;
  readonly network: Network;
  /** Told of each request that goes out. */
  readonly onRequest: () => void;
  /** Called when the machine's clock is wrong, with the milliseconds by which the service's clock is ahead of it. */
  readonly onClockOff: (aheadMs: number) => void;
}

export interface Attempt {
  readonly outcome: Outcome;
  /** Of the body that was sent. */
  readonly wireBytes: number;
}

/** The answer to a request that is not a batch. */
export interface Asked extends Attempt {
  /** The answer's body as it came. It may repeat the request and its secrets, so it is for reading only. */
  readonly body: string;
}

/** An error code and a request id are names, and no sentences. */
const MAX_NAME_CHARACTERS = 128;

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

  make(batch: SealedBatch, signal: AbortSignal): Promise<Attempt> {
    return this.ask((wallMs) => this.#options.target.request(batch, wallMs), signal);
  }

  /** @param request makes a signed request to the target's service. @param wallMs the time of the signature */
  async ask(request: (wallMs: number) => SignedRequest, signal: AbortSignal): Promise<Asked> {
    const { credentials, onClockOff } = this.#options;
    const unsigned: Asked = { outcome: { kind: 'hold', refusal: NO_CREDENTIALS }, wireBytes: 0, body: '' };
    if (!(await credentials.ready())) return unsigned;
    const { current } = credentials;
    let attempt = await this.#send(request, signal);
    if (attempt.outcome.kind === 'hold' && attempt.outcome.serviceMs !== undefined) {
      // Once, at once: if it is not the clock after all, the batch is held.
      const aheadMs = this.#serviceTime.correct(attempt.outcome.serviceMs);
      onClockOff(aheadMs);
      attempt = await this.#send(request, signal);
    }
    const { outcome } = attempt;
    if (outcome.kind === 'hold' && isUnauthorized(outcome.refusal) && credentials.refused(current)) {
      return { ...attempt, outcome: { kind: 'retry', refusal: outcome.refusal, afterMs: 0 } };
    }
    return attempt;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #send(signed: (wallMs: number) => SignedRequest, signal: AbortSignal): Promise<Asked> {
    const { target, credentials, network } = this.#options;
    const { current } = credentials;
    const request = signed(this.#serviceTime.wallMs());
    const answer = await this.#client.request(request, signal);
    const outcome = target.outcome(answer, this.#serviceTime.wallMs());
    const wireBytes = request.body.length;
    const secrets = [
      current.accessKeySecret,
      current.securityToken ?? '',
      ...secretsInHeaders(request.headers),
      ...secretsInProxy(network.proxy),
    ];
    const body = answer.kind === 'answered' ? answer.body : '';
    return { outcome: shown(outcome, secrets), wireBytes, body };
  }
}

/** Returns the outcome as it may be shown. */
function shown(outcome: Outcome, secrets: readonly string[]): Outcome {
  // Cleaned first: a control character inside a secret would hide it. Cut last: a cut secret would not be found.
  const text = (from: string, max?: number) => cutText(withoutSecrets(cleanText(from), secrets), max);
  if (outcome.kind === 'delivered') return { ...outcome, requestId: text(outcome.requestId, MAX_NAME_CHARACTERS) };
  const { code, message, requestId, ...rest } = outcome.refusal;
  const id = requestId === undefined ? {} : { requestId: text(requestId, MAX_NAME_CHARACTERS) };
  return { ...outcome, refusal: { code: text(code, MAX_NAME_CHARACTERS), message: text(message), ...rest, ...id } };
}

/** The service does not know who we are, or does not let whom we say we are. */
function isUnauthorized({ status }: Refusal): boolean {
  return status === 401 || status === 403;
}
