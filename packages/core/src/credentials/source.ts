// Keeps the current credentials and refreshes them.
//
// When credentials are refreshed:
// - A file is read again when it changes.
// - All are refreshed AHEAD_MS before they expire.
// - When the service refuses them, they are refreshed at once, and then every RETRY_MS until they differ.
//
// A refresh that fails or times out is reported, and the last good credentials stay in use. Only one refresh runs at a
// time. A report contains no secret. It also contains no text of another program's error, which may contain a secret.
//
// Refreshing could loop for ever: STS issues new keys for each request. If the role lacks a permission, the service
// also refuses the new keys, and each refusal would start another refresh. So a refusal starts at most one immediate
// refresh in RETRY_MS.

import { stat } from 'node:fs/promises';
import type { Answer } from '../http/exchange';
import type { CredentialVendor } from '../options/target-facts';
import type { CancelTimer, Clock } from '../runtime/clock';
import { NodeAbortController } from '../runtime/node-abort';
import { NotRegularFile } from '../runtime/regular-file';
import { CredentialsError, type LoadedCredentials, readCredentials } from './parse';
import type { provide } from './providers';
import { ANONYMOUS, type CredentialRequest, type Credentials, type CredentialsGiven, type Fetch } from './types';

export interface CredentialsListener {
  /** Called when the credentials have changed. */
  renewed(): void;
  /** Called with a sentence when a refresh has failed. */
  failed(problem: string): void;
}

/** The clock and the network that a source uses. */
export interface CredentialTools {
  readonly clock: Clock;
  readonly vendor: CredentialVendor;
  /** Why an API key must not be sent to the endpoint. Undefined if it may be. */
  readonly apiKeyProblem?: string | undefined;
  /** Sends one request to a service that issues credentials. Never rejects. */
  readonly fetch: (
    origin: string,
    timeoutMs: number,
    request: CredentialRequest,
    signal: AbortSignal,
  ) => Promise<Answer>;
}

const AHEAD_MS = 300_000;
const RETRY_MS = 30_000;
/** How long after a failed request to a service the next one is sent. The time doubles with each failure. */
const FIRST_RETRY_MS = 1000;
const DEADLINE_MS = 10_000;
/** How often to look for new credentials while there are none that can be used. */
const POLL_INTERVAL_MS = 1000;

let providersModule: typeof import('./providers') | undefined;

export class CredentialSource {
  readonly #given: CredentialsGiven;
  readonly #tools: CredentialTools;
  readonly #clock: Clock;
  /** Undefined for fixed keys. */
  readonly #provide: typeof provide | undefined;
  readonly #stop = new NodeAbortController();
  #listener: CredentialsListener = { renewed: () => {}, failed: () => {} };
  #loaded: LoadedCredentials | undefined;
  /** The credentials that the service refused, until others replace them. */
  #refused: LoadedCredentials | undefined;
  #loading: Promise<void> | undefined;
  #lastTryMs = Number.NEGATIVE_INFINITY;
  /** When a refusal last started a refresh. */
  #lastRefusalMs = Number.NEGATIVE_INFINITY;
  /** Consecutive failures. */
  #failures = 0;
  /** Spreads the retries of processes that failed at the same time. */
  #jitter = 0;
  /** Time, size and inode of the file when it was last read. */
  #mark: string | undefined;
  #cancelPoll: CancelTimer | undefined;

  constructor(given: CredentialsGiven, tools: CredentialTools) {
    this.#given = given;
    this.#tools = tools;
    this.#clock = tools.clock;
    if (!this.#isFixed) {
      // Loaded at the start: Jest refuses `require` after the end of a suite, which sends its last records then.
      providersModule ??= require('./providers') as typeof import('./providers');
      this.#provide = providersModule.provide;
      if (given.module !== undefined) providersModule.loadModule(given.module);
    }
    const { accessKeyId, accessKeySecret, securityToken, apiKey } = given;
    if (!this.#isFixed) return;
    const expiresMs = Number.POSITIVE_INFINITY;
    if (apiKey !== undefined) this.#loaded = { ...ANONYMOUS, apiKey, expiresMs };
    else if (accessKeyId !== undefined && accessKeySecret !== undefined)
      this.#loaded = { accessKeyId, accessKeySecret, securityToken, expiresMs };
  }

  listen(listener: CredentialsListener): void {
    this.#listener = listener;
  }

  get #isFixed(): boolean {
    return this.#name === undefined;
  }

  /** The option that names the source. Undefined for fixed keys. */
  get #name(): string | undefined {
    const { file, module, from } = this.#given;
    if (file !== undefined) return 'credentials.file';
    return module !== undefined ? 'credentials.module' : from && `credentials.from '${from}'`;
  }

  /** The file that may change. Undefined for other sources. */
  get #file(): string | undefined {
    const { file, from, profileFile } = this.#given;
    return file ?? (from === 'profile' ? profileFile : undefined);
  }

  /** The credentials to sign with. @throws before the first credentials are loaded */
  get current(): Credentials {
    if (this.#loaded === undefined) throw new Error('there are no credentials');
    return this.#loaded;
  }

  /**
   * Refreshes the credentials if they are due. Resolves with true if there are credentials. A file is always awaited.
   * Other sources may be slow, and are awaited only if there are no usable credentials.
   */
  async ready(): Promise<boolean> {
    if (this.#isFixed) return true;
    const refreshing = this.#refreshIfDue();
    const isUsable = this.#loaded !== undefined && this.#loaded.expiresMs > this.#clock.wallMs();
    if (this.#given.file !== undefined || !isUsable) await refreshing;
    if (this.#loaded === undefined) this.#poll();
    return this.#loaded !== undefined;
  }

  /** Called when the service refused credentials. Returns true if others have replaced them since the signature. */
  refused(credentials: Credentials): boolean {
    if (this.#isFixed) return false;
    if (credentials !== this.#loaded) return true;
    if (this.#refused !== this.#loaded) {
      this.#refused = this.#loaded;
      if (this.#clock.monotonicMs() - this.#lastRefusalMs >= RETRY_MS) void this.#refresh();
    }
    this.#poll();
    return false;
  }

  close(): void {
    this.#stop.abort();
    this.#cancelPoll?.();
  }

  /** Looks again and again, until there are credentials that were not refused. */
  #poll(): void {
    if (this.#cancelPoll !== undefined || this.#stop.signal.aborted) return;
    this.#cancelPoll = this.#clock.after(POLL_INTERVAL_MS, false, () => {
      this.#cancelPoll = undefined;
      if (this.#loaded !== undefined && this.#loaded !== this.#refused) return;
      void this.#refreshIfDue();
      this.#poll();
    });
  }

  async #refreshIfDue(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const isLacking =
      this.#loaded === undefined ||
      this.#loaded === this.#refused ||
      this.#loaded.expiresMs - AHEAD_MS <= this.#clock.wallMs();
    const isTime = this.#clock.monotonicMs() - this.#lastTryMs >= this.#retryMs;
    if ((isLacking && isTime) || (await this.#fileHasChanged())) await this.#refresh();
  }

  /** A file or a module is retried after RETRY_MS. A service may answer again soon, so it has a backoff. */
  get #retryMs(): number {
    if (this.#failures === 0 || this.#given.from === undefined) return RETRY_MS;
    const backoffMs = Math.min(RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return (backoffMs * (1 + this.#jitter)) / 2;
  }

  async #fileHasChanged(): Promise<boolean> {
    return this.#file !== undefined && this.#mark !== (await markOf(this.#file));
  }

  /** Callers during a refresh wait for that refresh. */
  #refresh(): Promise<void> {
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
      const { apiKeyProblem } = this.#tools;
      if (loaded.apiKey !== undefined && apiKeyProblem !== undefined) throw new CredentialsError(apiKeyProblem);
      const isOther = !sameKeys(loaded, this.#loaded);
      this.#failures = 0;
      this.#refused = isOther ? undefined : this.#refused && loaded;
      this.#loaded = loaded;
      if (isOther) this.#listener.renewed();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failures += 1;
      this.#jitter = this.#clock.random();
      this.#listener.failed(`${this.#name} returned no credentials: ${problemOf(error)}`);
    }
  }

  async #provided(): Promise<unknown> {
    // Read before the file, so that a write between the two counts as a change the next time.
    if (this.#file !== undefined) this.#mark = await markOf(this.#file);
    const { vendor } = this.#tools;
    return this.#provide!(this.#given, { vendor, fetch: this.#fetch, nowMs: this.#clock.wallMs() });
  }

  readonly #fetch: Fetch = async (origin, timeoutMs, request) => {
    const answer = await this.#tools.fetch(origin, timeoutMs, request, this.#stop.signal);
    if (answer.kind === 'answered') return answer;
    throw new CredentialsError(`${new URL(origin).host} did not answer: ${answer.code}`);
  };

  #withinDeadline(reading: Promise<unknown>): Promise<unknown> {
    return new Promise((done, failed) => {
      const late = () => failed(new CredentialsError(`there was no answer within ${DEADLINE_MS} ms`));
      const cancel = this.#clock.after(DEADLINE_MS, false, late);
      reading.then(done, failed).finally(cancel);
    });
  }
}

function problemOf(error: unknown): string {
  if (error instanceof CredentialsError) return error.message;
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
    a.accessKeyId === b?.accessKeyId &&
    a.accessKeySecret === b.accessKeySecret &&
    a.securityToken === b.securityToken &&
    a.apiKey === b.apiKey
  );
}
