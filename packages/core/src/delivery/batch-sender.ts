// Makes one attempt to send a batch: credentials -> signed request -> answer -> outcome. A question to the same service
// takes the same path.
//
// An attempt is not repeated, with two exceptions. If the machine's clock is wrong, the request is signed again at
// once with the service's time. If the service does not accept zstd, the batch is compressed with LZ4 and sent again at
// once. The lane decides about all other retries (lane.ts).
//
// If the service refuses a sequence id that was used, an earlier attempt was written: the batch is delivered.
//
// A service may answer with the request that it received. So secrets and control characters are removed from each
// outcome here, before it reaches a warning, an event or the dead-letter file.

import { type Codec, compressor, decompress } from '../batch/compress';
import type { SealedBatch } from '../batch/sealed-batch';
import type { CredentialSource } from '../credentials/source';
import { HttpClient } from '../http/client';
import type { Answer, Network, SignedRequest } from '../http/exchange';
import type { Clock } from '../runtime/clock';
import type { Outcome, Refusal } from '../targets/outcome';
import type { Target } from '../targets/target';
import { cleanText, cutText } from '../telemetry/outside-text';
import { secretsInHeaders, secretsInProxy, withoutSecrets } from '../telemetry/secrets';
import { ServiceTime } from './clock-skew';

export interface BatchSenderOptions {
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** The largest number of open connections. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** Most bytes that are read of an answer; default 64 KiB. */
  readonly maxAnswerBytes?: number;
  readonly network: Network;
  /** Called for each request that is sent. */
  readonly onRequest: () => void;
  /** Called when the machine's clock is wrong, with the milliseconds by which the service's clock is ahead of it. */
  readonly onClockOff: (aheadMs: number) => void;
  /** Called once if the service does not accept this compression. Later batches are sent with LZ4. */
  readonly onCodecRefused?: ((codec: Codec) => void) | undefined;
}

export interface Attempt {
  readonly outcome: Outcome;
  /** The number of bytes of the body that was sent. */
  readonly wireBytes: number;
  /** Whether the batch was surely not written by this attempt, nor by a part of it. */
  readonly isUnwritten?: boolean;
}

/** The answer to a request that is not a batch. */
export interface Asked extends Attempt {
  /** The answer's body as it came. It may repeat the request and its secrets, so it is for reading only. */
  readonly body: string;
}

/** Error codes and request ids are names, not sentences. */
const MAX_NAME_CHARACTERS = 128;

const NO_CREDENTIALS: Refusal = { code: 'NO_CREDENTIALS', message: 'there are no credentials to sign a request with' };

export class BatchSender {
  readonly #options: BatchSenderOptions;
  readonly #client: HttpClient;
  readonly #serviceTime: ServiceTime;
  readonly #proxySecrets: readonly string[];
  #isZstdRefused = false;
  /** Batches in zstd, of before the refusal or from a disk, as they are sent now. */
  readonly #asLz4 = new WeakMap<SealedBatch, SealedBatch>();

  constructor(options: BatchSenderOptions) {
    this.#options = options;
    this.#serviceTime = new ServiceTime(options.clock);
    this.#proxySecrets = secretsInProxy(options.network.proxy);
    this.#client = new HttpClient({ ...options, origin: options.target.origin });
  }

  async make(batch: SealedBatch, signal: AbortSignal): Promise<Attempt> {
    const { target, onCodecRefused } = this.#options;
    const refused = target.tooLarge?.(batch);
    if (refused !== undefined) return { outcome: refused, wireBytes: 0, isUnwritten: true };
    const send = async (sent: SealedBatch) => {
      const asked = await this.ask((wallMs) => target.request(sent, wallMs), signal);
      return sent.sequenceId === undefined ? asked : { ...asked, outcome: writtenBefore(asked.outcome, target) };
    };
    const isLz4 = batch.codec === 'zstd' && this.#isZstdRefused;
    const attempt = await send(isLz4 ? this.#inLz4(batch) : batch);
    const isRefused = attempt.outcome.kind === 'hold' && attempt.outcome.refusal.code === target.codecRefusedCode;
    if (batch.codec !== 'zstd' || isLz4 || !isRefused) return attempt;
    // Several batches may be in flight, and each of them is refused.
    if (!this.#isZstdRefused) onCodecRefused?.(batch.codec);
    this.#isZstdRefused = true;
    return send(this.#inLz4(batch));
  }

  /** The same bytes before compression, under the same pack id. @throws if the body cannot be decompressed */
  #inLz4(batch: SealedBatch): SealedBatch {
    let sent = this.#asLz4.get(batch);
    if (sent === undefined) {
      sent = { ...batch, ...compressor('lz4', () => {})(decompress(batch)) };
      this.#asLz4.set(batch, sent);
    }
    return sent;
  }

  /** @param request makes a signed request to the target's service. @param wallMs the time of the signature */
  async ask(request: (wallMs: number) => SignedRequest, signal: AbortSignal): Promise<Asked> {
    const { credentials, onClockOff } = this.#options;
    const outcomeUnsigned: Outcome = { kind: 'hold', refusal: NO_CREDENTIALS };
    const unsigned: Asked = { outcome: outcomeUnsigned, wireBytes: 0, isUnwritten: true, body: '' };
    if (!(await credentials.ready())) return unsigned;
    const { current } = credentials;
    let attempt = await this.#send(request, signal);
    if (attempt.outcome.kind === 'hold' && attempt.outcome.serviceMs !== undefined) {
      // Repeated only once. If the clock was not the reason, the batch is held.
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
    const { target, credentials } = this.#options;
    const { current } = credentials;
    const request = signed(this.#serviceTime.wallMs());
    const answer = await this.#client.request(request, signal);
    const outcome = target.outcome(answer, this.#serviceTime.wallMs());
    const wireBytes = request.body.length;
    const secrets = () => [
      current.accessKeySecret,
      current.securityToken ?? '',
      current.apiKey ?? '',
      ...secretsInHeaders(request.headers),
      ...this.#proxySecrets,
    ];
    const body = answer.kind === 'answered' ? answer.body : '';
    return { outcome: shown(outcome, secrets), wireBytes, isUnwritten: isUnwritten(answer, outcome), body };
  }
}

/** A used sequence id means that an earlier attempt was written, if the service itself says so. */
function writtenBefore(outcome: Outcome, { sequenceUsedCode }: Target): Outcome {
  if (outcome.kind !== 'hold' || outcome.refusal.code !== sequenceUsedCode) return outcome;
  const { requestId } = outcome.refusal;
  return requestId === undefined ? outcome : { kind: 'delivered', requestId };
}

/** Only a refusal by the service itself proves it. Behind a 5xx the service may have written the batch. */
function isUnwritten(answer: Answer, outcome: Outcome): boolean {
  if (answer.kind === 'failed' || answer.isRepeated || outcome.kind === 'delivered') return false;
  return outcome.refusal.requestId !== undefined && answer.status >= 400 && answer.status < 500;
}

/** Returns the outcome with texts that may be shown. */
function shown(outcome: Outcome, secrets: () => readonly string[]): Outcome {
  if (outcome.kind === 'delivered') {
    const { requestId } = outcome;
    return {
      kind: 'delivered',
      // Only a subscriber to deliveries reads it. Looking for secrets in each one would cost more than the rest of it.
      get requestId() {
        return shownText(requestId, secrets(), MAX_NAME_CHARACTERS);
      },
    };
  }
  const all = secrets();
  const { code, message, requestId, ...rest } = outcome.refusal;
  const id = requestId === undefined ? {} : { requestId: shownText(requestId, all, MAX_NAME_CHARACTERS) };
  const texts = { code: shownText(code, all, MAX_NAME_CHARACTERS), message: shownText(message, all) };
  return { ...outcome, refusal: { ...rest, ...texts, ...id } };
}

function shownText(text: string, secrets: readonly string[], maxCharacters?: number): string {
  // Cleaned first: a control character inside a secret would hide it. Cut last: a cut secret would not be found.
  return cutText(withoutSecrets(cleanText(text), secrets), maxCharacters);
}

/** Returns true if the service does not accept the credentials, or does not allow the request with them. */
function isUnauthorized({ status }: Refusal): boolean {
  return status === 401 || status === 403;
}
