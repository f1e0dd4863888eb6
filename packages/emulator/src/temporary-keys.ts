// Keys that come and go while the emulator runs, as a vendor's STS gives them out.
//
// Takes: such keys. Gives: the one that a request names. Keeps: the list of now. Never: repeats a secret.

/** A key beside the one in the options. */
export interface TemporaryKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** A request with this key must carry exactly this token. */
  readonly securityToken: string;
  /** From then on, in milliseconds since the epoch, the token is refused as expired. Default: never. */
  readonly expiresMs?: number | undefined;
}

/** One with a token, or one that must come without. */
export type Key = Pick<TemporaryKey, 'accessKeyId' | 'accessKeySecret' | 'expiresMs'> & {
  readonly securityToken?: string | undefined;
};

/** Gives `undefined` where the request names none that is known. */
export function keyOf(policy: Key & { readonly temporary?: readonly TemporaryKey[] }, id: string): Key | undefined {
  return id === policy.accessKeyId ? policy : policy.temporary?.find(({ accessKeyId }) => accessKeyId === id);
}

export function isExpired({ expiresMs = Number.POSITIVE_INFINITY }: Key, nowMs: number): boolean {
  return nowMs >= expiresMs;
}

/** The list of now, and one sentence where another cannot be taken. */
export class TemporaryKeys {
  #keys: readonly TemporaryKey[] = [];

  get keys(): readonly TemporaryKey[] {
    return this.#keys;
  }

  /** Gives `null`, or what is wrong; then the keys so far stay. */
  replace(keys: readonly TemporaryKey[]): string | null {
    const names = ['accessKeyId', 'accessKeySecret', 'securityToken'] as const;
    for (const key of keys) {
      const wrong = names.find((name) => typeof key[name] !== 'string' || key[name] === '');
      if (wrong !== undefined) return `the ${wrong} of a temporary key must be a string that is not empty`;
      const { expiresMs } = key;
      if (expiresMs !== undefined && !Number.isFinite(expiresMs))
        return 'the expiresMs of a temporary key must be a number';
    }
    this.#keys = keys.map((key) => ({ ...key }));
    return null;
  }
}
