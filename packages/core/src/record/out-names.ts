// The names that are sent, and which field of a record has each of them.

import type { FieldName } from './field-names';
import { cutName, withSuffix } from './name-rule';

export interface OutName {
  readonly name: string;
  /** The last entry that was sent under this name. */
  holder: FieldName | undefined;
  /**
   * The next suffix to try behind this text in the record `suffixIn`. Without it, 10,000 clashes in one record would
   * each search from 2.
   */
  nextSuffix: number;
  suffixIn: number;
}

/** About what a name needs in memory besides its text. */
const NAME_BYTES = 150;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

export class OutNames {
  readonly #maxBytes: number;
  readonly #names = new Map<string, OutName>();
  #bytes = 0;

  /** @param maxBytes the maximum length of a name */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** About how much memory the names need. */
  get bytes(): number {
    return this.#bytes;
  }

  of(name: string): OutName {
    // The engine's hash of a text of digits is their number, so such a text must not be a key. A name may begin with a
    // dot itself: it gets another one, so that two names never have one key.
    const first = name.charCodeAt(0);
    const key = first === DOT || (first >= DIGIT_0 && first <= DIGIT_9) ? `.${name}` : name;
    let out = this.#names.get(key);
    if (out === undefined) {
      out = { name, holder: undefined, nextSuffix: 2, suffixIn: -1 };
      this.#names.set(key, out);
      this.#bytes += NAME_BYTES + 2 * name.length;
    }
    return out;
  }

  /**
   * Returns the name with the first suffix that no field of `record` has. Names that are cut to make room for a suffix
   * may have the same beginning. So each beginning has its own count, and no suffix is tried twice in a record.
   */
  withFreeSuffix({ name }: OutName, record: number): OutName {
    for (let next = 2; ; ) {
      const beginning = this.of(this.#cut(name, next));
      if (beginning.suffixIn !== record) {
        beginning.suffixIn = record;
        beginning.nextSuffix = 2;
      }
      next = Math.max(next, beginning.nextSuffix);
      // With more digits, more of the name has to give way: another beginning.
      if (this.#cut(name, next) !== beginning.name) continue;
      beginning.nextSuffix = next + 1;
      const free = this.of(withSuffix(name, `_${next}`, this.#maxBytes));
      if (free.holder?.seenIn !== record) return free;
      next += 1;
    }
  }

  clear(): void {
    this.#names.clear();
    this.#bytes = 0;
  }

  /** The beginning of a name that stays with this number as its suffix. */
  #cut(name: string, suffix: number): string {
    return cutName(name, this.#maxBytes - `_${suffix}`.length);
  }
}
