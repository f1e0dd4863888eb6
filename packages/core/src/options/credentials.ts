// What requests are signed with, where that changes while we run.
//
// Takes: keys, a file that somebody renews, or a module with a function that gives them; word that the service has
// refused them. Gives: the credentials of now. Keeps: the last good ones: what is unreadable, garbage or late is told,
// and asked for again. Never: two readings at a time, a secret in what it tells, or the text of an error that is not
// ours: it may have the secret in it.
//
// Read again: a file when it has changed; both AHEAD_MS before they expire; both when the service refuses them, at
// once and then every RETRY_MS, until there are others.

import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CancelTimer, Clock } from '../clock';

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of temporary credentials (STS). */
  readonly securityToken?: string | undefined;
}

/** Of a target whose requests are not signed. */
export const ANONYMOUS: Credentials = { accessKeyId: '', accessKeySecret: '' };

/** What somebody else says, with what must not be told taken out of it. */
export function withoutSecrets(text: string, { accessKeySecret, securityToken }: Credentials): string {
  const secrets = [accessKeySecret, securityToken ?? ''].filter((secret) => secret !== '');
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

export interface CredentialsGiven {
  readonly accessKeyId?: string | undefined;
  readonly accessKeySecret?: string | undefined;
  readonly securityToken?: string | undefined;
  readonly file?: string | undefined;
  readonly module?: string | undefined;
}

export interface CredentialsListener {
  /** There are other credentials than before. */
  renewed(): void;
  failed(problem: string): void;
}

interface Loaded extends Credentials {
  readonly expiresMs: number;
}

const AHEAD_MS = 300_000;
const RETRY_MS = 30_000;
const DEADLINE_MS = 10_000;
/** While nothing can be sent for lack of credentials, a file is looked at this often. */
const LOOK_MS = 1000;

export class CredentialSource {
  readonly #given: CredentialsGiven;
  readonly #clock: Clock;
  #listener: CredentialsListener = { renewed: () => {}, failed: () => {} };
  #loaded: Loaded | undefined;
  /** Those the service has refused, while there are no others. */
  #refused: Loaded | undefined;
  #loading: Promise<void> | undefined;
  #lastTryMs = Number.NEGATIVE_INFINITY;
  /** What the file was when it was last read. */
  #mark: string | undefined;
  #cancelLook: CancelTimer | undefined;
  #closed = false;

  constructor(given: CredentialsGiven, clock: Clock) {
    this.#given = given;
    this.#clock = clock;
    const { accessKeyId, accessKeySecret, securityToken } = given;
    if (accessKeyId === undefined || accessKeySecret === undefined || !this.#isFixed) return;
    this.#loaded = { accessKeyId, accessKeySecret, securityToken, expiresMs: Number.POSITIVE_INFINITY };
  }

  listen(listener: CredentialsListener): void {
    this.#listener = listener;
  }

  get #isFixed(): boolean {
    return this.#given.file === undefined && this.#given.module === undefined;
  }

  /** Those to sign with. @throws before there are any */
  get current(): Credentials {
    if (this.#loaded === undefined) throw new Error('there are no credentials');
    return this.#loaded;
  }

  /**
   * Reads what is to be read. Resolves with whether there are credentials. A file is waited for; the module, which may
   * have to ask somebody far away, only if there are none to use.
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
      void this.#renew();
    }
    this.#look();
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#cancelLook?.();
  }

  /** Until there are credentials that nobody has refused. */
  #look(): void {
    if (this.#cancelLook !== undefined || this.#closed) return;
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
    const isTime = this.#clock.monotonicMs() - this.#lastTryMs >= RETRY_MS;
    if ((isLacking && isTime) || (await this.#fileHasChanged())) await this.#renew();
  }

  async #fileHasChanged(): Promise<boolean> {
    const { file } = this.#given;
    return file !== undefined && this.#mark !== (await markOf(file));
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
    const { file, module } = this.#given;
    try {
      const reading = file === undefined ? callModule(module ?? '') : this.#readFile(file);
      const loaded = read(await this.#withinDeadline(reading));
      const isOther = !sameKeys(loaded, this.#loaded);
      this.#refused = isOther ? undefined : this.#refused && loaded;
      this.#loaded = loaded;
      if (isOther) this.#listener.renewed();
    } catch (error) {
      const of = file === undefined ? 'credentials.module' : 'credentials.file';
      this.#listener.failed(`${of} gave no credentials: ${problemOf(error)}`);
    }
  }

  async #readFile(file: string): Promise<unknown> {
    // Before it is read: what is written in between is seen as a change the next time.
    this.#mark = await markOf(file);
    const text = await readFile(file, 'utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new Unusable('it is not JSON');
    }
  }

  #withinDeadline(reading: Promise<unknown>): Promise<unknown> {
    return new Promise((done, failed) => {
      const late = () => failed(new Unusable(`nothing came within ${DEADLINE_MS} ms`));
      const cancel = this.#clock.after(DEADLINE_MS, false, late);
      reading.then(done, failed).finally(cancel);
    });
  }
}

/** A problem in words of our own. */
class Unusable extends Error {}

function problemOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
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

/** The module's function, however the module was written. It is loaded once, by node. */
async function callModule(path: string): Promise<unknown> {
  let exported: unknown = await import(pathToFileURL(resolve(path)).href);
  for (let depth = 0; depth < 2 && typeof exported === 'object' && exported !== null; depth += 1) {
    exported = (exported as { default?: unknown }).default;
  }
  if (typeof exported !== 'function') throw new Unusable('its default export is not a function');
  return (exported as () => unknown)();
}

/** Our names, or those of the vendors' metadata services. */
function read(value: unknown): Loaded {
  const fields = (typeof value === 'object' ? value : undefined) as Record<string, unknown> | null | undefined;
  const text = (...names: string[]): string | undefined => {
    const found = names.map((name) => fields?.[name]).find((field) => field !== undefined && field !== '');
    if (found === undefined) return undefined;
    // It is put into a header, which a control character would end, and no other letter can stand in.
    if (typeof found !== 'string' || !/^[\x20-\x7e]*$/.test(found)) {
      throw new Unusable(`${names[0]} is not a line of printable ASCII`);
    }
    return found;
  };
  const accessKeyId = text('accessKeyId', 'AccessKeyId');
  const accessKeySecret = text('accessKeySecret', 'SecretAccessKey', 'AccessKeySecret');
  if (accessKeyId === undefined) throw new Unusable('accessKeyId is missing');
  if (accessKeySecret === undefined) throw new Unusable('accessKeySecret is missing');
  const expiresMs = timeMs(fields?.['expiration'] ?? fields?.['ExpiredTime'] ?? fields?.['Expiration']);
  const securityToken = text('securityToken', 'SessionToken', 'SecurityToken');
  return { accessKeyId, accessKeySecret, securityToken, expiresMs };
}

/** A date, or a number of seconds or milliseconds since 1970; no time is never. */
function timeMs(value: unknown): number {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  const ms = typeof value === 'number' ? value * (value < 1e11 ? 1000 : 1) : new Date(value as string | Date).getTime();
  if (Number.isNaN(ms)) throw new Unusable('expiration is not a time');
  return ms;
}

function sameKeys(a: Credentials, b: Credentials | undefined): boolean {
  return (
    a.accessKeyId === b?.accessKeyId && a.accessKeySecret === b.accessKeySecret && a.securityToken === b.securityToken
  );
}
