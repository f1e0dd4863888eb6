// What the service holds, as groups: the records of one request, each compared with what was logged, and a digest.
//
// A run of an hour has millions of records, so that of each only its number is kept.

import { createHash, type Hash } from 'node:crypto';
import { type EmulatorLog, inMilliseconds } from '../support/emulator';
import { type Refusable, textOf } from './records';

export interface Group {
  readonly packId: string;
  readonly requestId: string;
  readonly hashKey: string;
  readonly instance: string;
  /** In the order of the request. */
  readonly records: readonly number[];
  /** Of the times and contents of all records. */
  readonly digest: string;
  /** What differs from what was logged. */
  readonly alterations: readonly string[];
}

interface OpenGroup extends Group {
  readonly batch: number;
  readonly records: number[];
  readonly alterations: string[];
  readonly hash: Hash;
}

export class Arrivals {
  readonly groups: Group[] = [];
  readonly #refusable: Refusable;
  #open: OpenGroup | undefined;

  constructor(refusable: Refusable) {
    this.#refusable = refusable;
  }

  /** In the order of arrival. */
  add(log: EmulatorLog): void {
    const { batch, packId, requestId, hashKey, contents } = log;
    const { time } = inMilliseconds(log);
    const fields = new Map(contents.map(({ key, value }) => [key, value]));
    const instance = fields.get('instance') ?? '';
    if (this.#open?.batch !== batch || this.#open.packId !== packId || this.#open.instance !== instance) {
      this.end();
      const hash = createHash('sha1');
      this.#open = { batch, packId, requestId, hashKey, instance, records: [], alterations: [], digest: '', hash };
    }
    const n = Number(fields.get('n'));
    this.#open.records.push(n);
    this.#open.hash.update(JSON.stringify([time, contents]));
    const text = fields.get('text');
    if (text !== textOf(n, this.#refusable)) this.#open.alterations.push(`${n} has the text ${text?.slice(0, 60)}`);
    if (fields.get('at') !== String(time)) this.#open.alterations.push(`${n} has the time ${time}`);
  }

  /** No record of the last group follows. */
  end(): void {
    if (this.#open === undefined) return;
    const { hash, batch: _, ...group } = this.#open;
    this.groups.push({ ...group, digest: hash.digest('base64') });
    this.#open = undefined;
  }
}
