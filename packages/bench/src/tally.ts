// What has arrived: how many records, how many of them for the first time, in how many bytes.
//
// Takes: bodies, with the path and headers they came with. Gives: the count. Keeps: one bit for each record's number.
// Never: believes a client: every body is decompressed and read, and a record counts by the number that is in it.

import type { IncomingHttpHeaders } from 'node:http';
import { recordNumbers } from './bodies';

export interface Arrived {
  /** Distinct records. */
  readonly records: number;
  /** Records that came once more. */
  readonly repeated: number;
  readonly requests: number;
  readonly bytes: number;
  /** Of the last body with a record in it, in nanoseconds of the machine's monotonic clock. Empty: there was none. */
  readonly lastNs: string;
  /** Bodies read while the run went on, because too many were held. */
  readonly readEarly: number;
  /** Bodies that could not be read, with the first reason. */
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

  /** A body has come; it is read later, in the same order. */
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
    // What a client asks at its start, and the like, is no delivery.
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
