// Derives the key of a version 4 signature, which is the same for both vendors. The secret is hashed with the day, the
// region, the service and a last word.

import { createHmac } from 'node:crypto';

/** Keeps the last key. It changes with the day and with the secret. */
export class SigningKey {
  readonly #scope: readonly string[];
  #kept: { readonly of: string; readonly bytes: Buffer } | undefined;

  /** @param scope the region, the service and the last word */
  constructor(scope: readonly [region: string, service: string, last: string]) {
    this.#scope = scope;
  }

  /** @param day `YYYYMMDD` */
  of(secret: string, day: string): Buffer {
    const of = `${day}\n${secret}`;
    if (this.#kept?.of !== of) {
      let bytes: Buffer = Buffer.from(secret);
      for (const step of [day, ...this.#scope]) bytes = createHmac('sha256', bytes).update(step).digest();
      this.#kept = { of, bytes };
    }
    return this.#kept.bytes;
  }
}
