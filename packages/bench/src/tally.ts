// Counts the records that have arrived: all of them, the distinct ones, and their bytes.
//
// Every body is decompressed and decoded. A record counts by the number in it; each number has one bit.

import type { IncomingHttpHeaders } from 'node:http';
import { recordNumbers } from './bodies';

export interface Arrived {
  /** Distinct records. */
  readonly records: number;
  /** Duplicates. */
  readonly repeated: number;
  readonly requests: number;
  readonly bytes: number;
  /**
   * When the last body with a record came, in nanoseconds of the machine's monotonic clock. Empty if there was none.
   */
  readonly lastNs: string;
  /** Bodies that were decoded during the run, because too many were in memory. */
  readonly readEarly: number;
  /** Bodies that could not be decoded, with the first reason. */
  readonly unreadable: { readonly bodies: number; readonly reason: string };
}

export class Tally {
  #seen = new Uint8Array(1024);
  #records = 0;
  #repeated = 0;
  #requests = 0;
  #bytes = 0;
  #lastNs = '';
  #readEarly = 0;
  #unreadable = 0;
  #reason = '';
  readonly #came: { bytes: number; atNs: bigint }[] = [];

  /** Stores a body. Bodies are decoded later, in the same order. */
  came(bytes: number, atNs: bigint): void {
    this.#came.push({ bytes, atNs });
  }

  read(path: string, headers: IncomingHttpHeaders, body: Buffer, isEarly: boolean): void {
    const { bytes, atNs } = this.#came.shift()!;
    if (isEarly) this.#readEarly += 1;
    let any = false;
    try {
      for (const number of recordNumbers(path, headers, body)) {
        any = true;
        this.#see(number);
      }
    } catch (error) {
      this.#unreadable += 1;
      this.#reason ||= `${path}: ${error instanceof Error ? error.message : String(error)}`;
    }
    // A request at the start of a client, for example, is no delivery.
    if (!any) return;
    this.#requests += 1;
    this.#bytes += bytes;
    this.#lastNs = String(atNs);
  }

  #see(number: number): void {
    const at = number >> 3;
    if (at >= this.#seen.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#seen.length * 2));
      grown.set(this.#seen);
      this.#seen = grown;
    }
    const bit = 1 << (number & 7);
    if ((this.#seen[at]! & bit) !== 0) {
      this.#repeated += 1;
      return;
    }
    this.#seen[at]! |= bit;
    this.#records += 1;
  }

  result(): Arrived {
    return {
      records: this.#records,
      repeated: this.#repeated,
      requests: this.#requests,
      bytes: this.#bytes,
      lastNs: this.#lastNs,
      readEarly: this.#readEarly,
      unreadable: { bodies: this.#unreadable, reason: this.#reason },
    };
  }
}
