// Temporary keys, such as a vendor's STS issues them. They can be replaced while the emulator runs.

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

/** A key with a token, or one that must be used without. */
export type Key = Pick<TemporaryKey, 'accessKeyId' | 'accessKeySecret' | 'expiresMs' | 'writeOnly'> & {
  readonly securityToken?: string | undefined;
};

/** Returns `undefined` if the request names no known key. */
export function keyOf(policy: Key & { readonly temporary?: readonly TemporaryKey[] }, id: string): Key | undefined {
  return id === policy.accessKeyId ? policy : policy.temporary?.find(({ accessKeyId }) => accessKeyId === id);
}

export function isExpired({ expiresMs = Number.POSITIVE_INFINITY }: Key, nowMs: number): boolean {
  return nowMs >= expiresMs;
}

/** The current keys. */
export class TemporaryKeys {
  #keys: readonly TemporaryKey[] = [];

  get keys(): readonly TemporaryKey[] {
    return this.#keys;
  }

  /** Returns `null`, or what is wrong with the keys. Invalid keys are not used. */
  replace(keys: readonly TemporaryKey[]): string | null {
    const names = ['accessKeyId', 'accessKeySecret', 'securityToken'] as const;
    for (const key of keys) {
      const wrong = names.find((name) => typeof key[name] !== 'string' || key[name] === '');
      if (wrong !== undefined) return `the ${wrong} of a temporary key must be a string that is not empty`;
      const { expiresMs, writeOnly } = key;
      if (writeOnly !== undefined && typeof writeOnly !== 'boolean')
        return 'the writeOnly of a temporary key must be true or false';
      if (expiresMs !== undefined && !Number.isFinite(expiresMs))
        return 'the expiresMs of a temporary key must be a number';
    }
    this.#keys = keys.map((key) => ({ ...key }));
    return null;
  }
}
