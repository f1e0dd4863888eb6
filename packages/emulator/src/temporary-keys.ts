// Keys beside the one in the options: temporary keys, such as a vendor's STS issues them, and API keys. They can be
// replaced while the emulator runs.

/** A key beside the one in the options. */
export interface TemporaryKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The token that a request with this key must have. */
  readonly securityToken: string;
  /** When the token expires, in milliseconds since the epoch. Default: never. */
  readonly expiresMs?: number | undefined;
  /** It may only write. */
  readonly writeOnly?: boolean | undefined;
}

/** An API key beside those in the options. It may only write. */
export interface TemporaryApiKey {
  readonly apiKey: string;
  /** When it expires, in milliseconds since the epoch. Default: never. */
  readonly expiresMs?: number | undefined;
}

/** A key with a token, or one that must be used without. */
export type Key = Pick<TemporaryKey, 'accessKeyId' | 'accessKeySecret' | 'expiresMs' | 'writeOnly'> & {
  readonly securityToken?: string | undefined;
};

/** Returns `undefined` if the request names no known key. */
export function keyOf(policy: Key & { readonly temporary?: readonly TemporaryKey[] }, id: string): Key | undefined {
  return id === policy.accessKeyId ? policy : policy.temporary?.find(({ accessKeyId }) => accessKeyId === id);
}

/** Whether a request with this API key may write now. */
export function isApiKey(
  policy: { readonly apiKeys: readonly string[]; readonly temporaryApiKeys: readonly TemporaryApiKey[] },
  apiKey: string,
  nowMs: number,
): boolean {
  if (policy.apiKeys.includes(apiKey)) return true;
  return policy.temporaryApiKeys.some((key) => key.apiKey === apiKey && !isExpired(key, nowMs));
}

export function isExpired({ expiresMs = Number.POSITIVE_INFINITY }: Pick<Key, 'expiresMs'>, nowMs: number): boolean {
  return nowMs >= expiresMs;
}

/** The current keys. */
export class TemporaryKeys {
  #keys: readonly TemporaryKey[] = [];
  #apiKeys: readonly TemporaryApiKey[] = [];

  get keys(): readonly TemporaryKey[] {
    return this.#keys;
  }

  get apiKeys(): readonly TemporaryApiKey[] {
    return this.#apiKeys;
  }

  /** Returns `null`, or what is wrong with the keys. Invalid keys are not used. */
  replace(keys: readonly (TemporaryKey | TemporaryApiKey)[]): string | null {
    for (const key of keys) {
      const problem = 'apiKey' in key ? apiKeyProblem(key) : keyProblem(key);
      if (problem !== null) return problem;
      const { expiresMs } = key;
      if (expiresMs !== undefined && !Number.isFinite(expiresMs))
        return 'the expiresMs of a temporary key must be a number';
    }
    this.#keys = keys.flatMap((key) => ('apiKey' in key ? [] : [{ ...key }]));
    this.#apiKeys = keys.flatMap((key) => ('apiKey' in key ? [{ ...key }] : []));
    return null;
  }
}

function keyProblem(key: TemporaryKey): string | null {
  const names = ['accessKeyId', 'accessKeySecret', 'securityToken'] as const;
  const wrong = names.find((name) => typeof key[name] !== 'string' || key[name] === '');
  if (wrong !== undefined) return `the ${wrong} of a temporary key must be a string that is not empty`;
  const { writeOnly } = key;
  return writeOnly === undefined || typeof writeOnly === 'boolean'
    ? null
    : 'the writeOnly of a temporary key must be true or false';
}

function apiKeyProblem({ apiKey }: TemporaryApiKey): string | null {
  return typeof apiKey === 'string' && apiKey !== '' ? null : 'an apiKey must be a string that is not empty';
}
