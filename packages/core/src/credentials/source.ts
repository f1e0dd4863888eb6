// What requests are signed with, where that changes while we run.
//
// Takes: keys, or one place to have them from (providers.ts); word that the service has refused them. Gives: the credentials
// of now. Keeps: the last good ones: what is unreadable, garbage or late is told, and asked for again. Never: two readings
// at a time, a secret in what it tells, or the text of an error that is not ours: it may have the secret in it.
//
// Asked again: a file when it has changed; all AHEAD_MS before they expire; and when the service refuses them, at once and
// then every RETRY_MS, until there are others. How that could go round without end, and does not: STS gives new keys each
// time, so where it is not the keys that the service refuses but what they may do, each refusal would bring others, and
// others another request at once. A refusal therefore has them renewed at once only where none has in the last RETRY_MS.

import { stat } from 'node:fs/promises';
import type { Answer } from '../http/exchange';
import type { CredentialVendor } from '../options/target-facts';
import type { CancelTimer, Clock } from '../runtime/clock';
import { NotRegularFile } from '../runtime/regular-file';
import { type Loaded, readCredentials, Unusable } from './parse';
import type { Ask, Credentials, CredentialsGiven, Question } from './types';

export interface CredentialsListener {
  /** There are other credentials than before. */
  renewed(): void;
  failed(problem: string): void;
}

/** What a source needs of the world. */
export interface CredentialTools {
  readonly clock: Clock;
  readonly vendor: CredentialVendor;
  /** Asks a service that gives credentials, once. Never rejects. */
  readonly ask: (origin: string, timeoutMs: number, question: Question, signal: AbortSignal) => Promise<Answer>;
}

const AHEAD_MS = 300_000;
const RETRY_MS = 30_000;
/** A service that could not be asked is asked again after this, then twice that, up to RETRY_MS. */
const FIRST_RETRY_MS = 1000;
const DEADLINE_MS = 10_000;
/** While nothing can be sent for lack of credentials, it is looked for some this often. */
const LOOK_MS = 1000;

export class CredentialSource {
  readonly #given: CredentialsGiven;
  readonly #tools: CredentialTools;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #listener: CredentialsListener = { renewed: () => {}, failed: () => {} };
  #loaded: Loaded | undefined;
  /** Those the service has refused, while there are no others. */
  #refused: Loaded | undefined;
  #loading: Promise<void> | undefined;
  #lastTryMs = Number.NEGATIVE_INFINITY;
  /** When they were last renewed for having been refused. */
  #lastRefusalMs = Number.NEGATIVE_INFINITY;
  /** In a row. */
  #failures = 0;
  /** So that many processes that failed together do not ask together again. */
  #jitter = 0;
  /** What the file was when it was last read. */
  #mark: string | undefined;
  #cancelLook: CancelTimer | undefined;

  constructor(given: CredentialsGiven, tools: CredentialTools) {
    this.#given = given;
    this.#tools = tools;
    this.#clock = tools.clock;
    const { accessKeyId, accessKeySecret, securityToken } = given;
    if (accessKeyId === undefined || accessKeySecret === undefined || !this.#isFixed) return;
    this.#loaded = { accessKeyId, accessKeySecret, securityToken, expiresMs: Number.POSITIVE_INFINITY };
  }

  listen(listener: CredentialsListener): void {
    this.#listener = listener;
  }

  get #isFixed(): boolean {
    return this.#name === undefined;
  }

  /** The option that says where they come from; none where it is the keys themselves. */
  get #name(): string | undefined {
    const { file, module, from } = this.#given;
    if (file !== undefined) return 'credentials.file';
    return module !== undefined ? 'credentials.module' : from && `credentials.from '${from}'`;
  }

  /** The file that somebody may renew; none where it is not one. */
  get #file(): string | undefined {
    const { file, from, profileFile } = this.#given;
    return file ?? (from === 'profile' ? profileFile : undefined);
  }

  /** Those to sign with. @throws before there are any */
  get current(): Credentials {
    if (this.#loaded === undefined) throw new Error('there are no credentials');
    return this.#loaded;
  }

  /**
   * Reads what is to be read. Resolves with whether there are credentials. A file is waited for; the rest, which may have
   * to ask somebody far away, only if there are none to use.
   */
  async ready(): Promise<boolean> {
    if (this.#isFixed) return true;
    const renewing = this.#renewIfDue();
    const isUsable = this.#loaded !== undefined && this.#loaded.expiresMs > this.#clock.wallMs();
    if (this.#given.file !== undefined || !isUsable) await renewing;
    if (this.#loaded === undefined) this.#look();
    return this.#loaded !== undefined;
  }

  /** The service did not accept these. Whether others have come since that request was signed. */
  refused(credentials: Credentials): boolean {
    if (this.#isFixed) return false;
    if (credentials !== this.#loaded) return true;
    if (this.#refused !== this.#loaded) {
      this.#refused = this.#loaded;
      if (this.#clock.monotonicMs() - this.#lastRefusalMs >= RETRY_MS) void this.#renew();
    }
    this.#look();
    return false;
  }

  close(): void {
    this.#stop.abort();
    this.#cancelLook?.();
  }

  /** Until there are credentials that nobody has refused. */
  #look(): void {
    if (this.#cancelLook !== undefined || this.#stop.signal.aborted) return;
    this.#cancelLook = this.#clock.after(LOOK_MS, false, () => {
      this.#cancelLook = undefined;
      if (this.#loaded !== undefined && this.#loaded !== this.#refused) return;
      void this.#renewIfDue();
      this.#look();
    });
  }

  async #renewIfDue(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const isLacking =
      this.#loaded === undefined ||
      this.#loaded === this.#refused ||
      this.#loaded.expiresMs - AHEAD_MS <= this.#clock.wallMs();
    const isTime = this.#clock.monotonicMs() - this.#lastTryMs >= this.#retryMs;
    if ((isLacking && isTime) || (await this.#fileHasChanged())) await this.#renew();
  }

  /** A module is somebody else's, and has its own patience; what we ask ourselves may be there in a moment. */
  get #retryMs(): number {
    if (this.#failures === 0 || this.#given.from === undefined) return RETRY_MS;
    const backoffMs = Math.min(RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return (backoffMs * (1 + this.#jitter)) / 2;
  }

  async #fileHasChanged(): Promise<boolean> {
    return this.#file !== undefined && this.#mark !== (await markOf(this.#file));
  }

  /** One at a time; whoever asks meanwhile waits for the same. */
  #renew(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    this.#lastTryMs = this.#clock.monotonicMs();
    if (this.#refused !== undefined) this.#lastRefusalMs = this.#lastTryMs;
    try {
      const loaded = readCredentials(await this.#withinDeadline(this.#provided()));
      const isOther = !sameKeys(loaded, this.#loaded);
      this.#failures = 0;
      this.#refused = isOther ? undefined : this.#refused && loaded;
      this.#loaded = loaded;
      if (isOther) this.#listener.renewed();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failures += 1;
      this.#jitter = this.#clock.random();
      this.#listener.failed(`${this.#name} gave no credentials: ${problemOf(error)}`);
    }
  }

  async #provided(): Promise<unknown> {
    // Before it is read: what is written in between is seen as a change the next time.
    if (this.#file !== undefined) this.#mark = await markOf(this.#file);
    const { vendor } = this.#tools;
    const { provide } = require('./providers') as typeof import('./providers');
    return provide(this.#given, { vendor, ask: this.#ask, nowMs: this.#clock.wallMs(), aheadMs: AHEAD_MS });
  }

  readonly #ask: Ask = async (origin, timeoutMs, question) => {
    const answer = await this.#tools.ask(origin, timeoutMs, question, this.#stop.signal);
    if (answer.kind === 'answered') return answer;
    throw new Unusable(`${new URL(origin).host} gave no answer: ${answer.code}`);
  };

  #withinDeadline(reading: Promise<unknown>): Promise<unknown> {
    return new Promise((done, failed) => {
      const late = () => failed(new Unusable(`nothing came within ${DEADLINE_MS} ms`));
      const cancel = this.#clock.after(DEADLINE_MS, false, late);
      reading.then(done, failed).finally(cancel);
    });
  }
}

function problemOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
  if (error instanceof NotRegularFile) return `the file ${error.message}`;
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' && /^[A-Z_]+$/.test(code)
    ? code
    : `it failed (${name === 'TypeError' ? name : 'Error'})`;
}

async function markOf(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch {
    return 'none';
  }
}

function sameKeys(a: Credentials, b: Credentials | undefined): boolean {
  return (
    a.accessKeyId === b?.accessKeyId && a.accessKeySecret === b.accessKeySecret && a.securityToken === b.securityToken
  );
}
