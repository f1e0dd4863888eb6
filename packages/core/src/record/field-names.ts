// Field names: under which name a field of the application is sent.
//
// Each distinct name has one FieldName. So it is checked, renamed and encoded once, and not for each record. The
// FieldName also has the number of the last record that had the field, so that a duplicate is found without a table for
// each record.
//
// name-rule.ts renames a name that the service does not allow. The option `rename` is applied first.
//
// Whatever the names are, time is linear in their lengths, and memory is bounded. The hash of the table has a secret
// key. A name above 256 bytes is kept as its key (name-key.ts). All names are forgotten when they need too much memory.

import { KeyedHash, newHashKey } from './keyed-hash';
import { isLongKey, NameKey, nameHashIn, WHOLE_BYTES } from './name-key';
import { legalLongName, legalName, type NameRule, withSuffix } from './name-rule';
import { characterStart } from './truncate';

export { legalName, type NameRule } from './name-rule';

/**
 * What a field is used for. A `time` is not written as a content if it is the record's time. A `hidden time` is never
 * written as a content, and an `omitted` field is not used at all.
 */
export type FieldRole = 'content' | 'time' | 'hidden time' | 'level' | 'omitted';

export interface FieldName {
  readonly role: FieldRole;
  /** The key of the name: up to 256 bytes, the name as the application wrote it, in UTF-8. */
  readonly source: Uint8Array;
  readonly hash: number;
  /** The Key field of a LogContent: `0x0a`, the length, and the name that is sent. */
  readonly encoded: Uint8Array;
  /** The name that is sent. All entries that are renamed to the same name share this object. */
  readonly out: OutName;
  /** The number of the last record that had this field as a content. */
  seenIn: number;
  /** The row of the field in that record. */
  row: number;
  /** The address of `encoded` in the arena. It is valid while `cachedIn` is the generation of the NameCache. */
  address: number;
  cachedIn: number;
  /** The entry with a suffix that replaced this one in the record `suffixedIn`. */
  suffixed: FieldName | undefined;
  suffixedIn: number;
}

interface OutName {
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

/** An application that makes up new names for ever must not fill the memory. */
const MAX_BYTES = 3 * 1024 * 1024;
/** About what an entry, or the name that is sent, needs besides its texts. */
const ENTRY_BYTES = 500;
const OUT_NAME_BYTES = 200;
const FIRST_SLOTS = 256;
const utf8 = new TextEncoder();

export class FieldNames {
  readonly #rule: NameRule;
  readonly #roles: ReadonlyMap<string, FieldRole>;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #hash: KeyedHash;
  readonly #longName: NameKey;
  /** For the path of a nested value. `findPath` returns the entry of a level. */
  readonly path: NameKey;
  #table: (FieldName | undefined)[] = [];
  #size = 0;
  #bytes = 0;
  readonly #outNames = new Map<string, OutName>();

  /**
   * Both maps have the name that the application writes as their key. A Map treats `__proto__` like every other name.
   * @param random the source of the secret; it returns a number of at least 0 and below 1
   */
  constructor(
    rule: NameRule,
    roles: ReadonlyMap<string, FieldRole>,
    renamed: ReadonlyMap<string, string>,
    random: () => number,
  ) {
    const secret = newHashKey(random);
    this.#rule = rule;
    this.#roles = roles;
    this.#renamed = renamed;
    this.#hash = new KeyedHash(secret);
    this.#longName = new NameKey(secret);
    this.path = new NameKey(secret);
    this.#clear();
  }

  /**
   * Forgets all names if they need too much memory, and returns true if it did. Must not be called within a record,
   * because the entries also show which fields the record has.
   */
  trim(): boolean {
    if (this.#bytes <= MAX_BYTES) return false;
    this.#clear();
    return true;
  }

  /** Returns the entry of the name in `bytes[start..end)`. */
  find(bytes: Uint8Array, start: number, end: number): FieldName {
    if (end - start <= WHOLE_BYTES) return this.#find(bytes, start, end);
    this.#longName.set(0, bytes, start, end);
    return this.#find(this.#longName.bytes, 0, this.#longName.lengthOf(0));
  }

  /** Returns the entry of the name, if it has one. Every name of an option has one. */
  known(bytes: Uint8Array, start: number, end: number): FieldName | undefined {
    if (end - start <= WHOLE_BYTES) return this.#known(bytes, start, end, this.#hashOf(bytes, start, end));
    this.#longName.set(0, bytes, start, end);
    return this.#knownAt(this.#longName, 0);
  }

  /** As `find`, for a level of `path`. */
  findPath(level: number): FieldName {
    return this.#find(this.path.bytes, 0, this.path.lengthOf(level));
  }

  /** As `known`, for a level of `path`. */
  knownPath(level: number): FieldName | undefined {
    return this.#knownAt(this.path, level);
  }

  #knownAt(key: NameKey, level: number): FieldName | undefined {
    const length = key.lengthOf(level);
    return this.#known(key.bytes, 0, length, this.#hashOf(key.bytes, 0, length));
  }

  /**
   * Returns the entry under which a field of `record` is written. It is `entry`, or one with a suffix if another field
   * of the record already has the same name.
   */
  claim(entry: FieldName, record: number): FieldName {
    const { holder } = entry.out;
    if (holder === entry) return entry;
    if (holder !== undefined && holder.seenIn === record) return this.#claimSuffixed(entry, record);
    entry.out.holder = entry;
    return entry;
  }

  #claimSuffixed(entry: FieldName, record: number): FieldName {
    if (entry.suffixed !== undefined && entry.suffixedIn === record) return entry.suffixed;
    const free = this.#freeName(entry.out, record);
    // A clash usually occurs in each record again, so the last entry is used again.
    const suffixed =
      entry.suffixed?.out === free ? entry.suffixed : this.#entry(entry.source, entry.hash, entry.role, free);
    entry.suffixed = suffixed;
    entry.suffixedIn = record;
    free.holder = suffixed;
    return suffixed;
  }

  /**
   * Returns the name with the first suffix that no field of `record` has. Names that are cut to make room for a suffix
   * may have the same beginning. So each beginning has its own count, and no suffix is tried twice in a record.
   */
  #freeName({ name }: OutName, record: number): OutName {
    const { maxBytes } = this.#rule;
    for (let next = 2; ; ) {
      const beginning = this.#outName(name.slice(0, maxBytes - `_${next}`.length));
      if (beginning.suffixIn !== record) {
        beginning.suffixIn = record;
        beginning.nextSuffix = 2;
      }
      next = Math.max(next, beginning.nextSuffix);
      const suffix = `_${next}`;
      // With more digits, more of the name has to give way: another beginning.
      if (name.slice(0, maxBytes - suffix.length) !== beginning.name) continue;
      beginning.nextSuffix = next + 1;
      const free = this.#outName(withSuffix(name, suffix, maxBytes));
      if (free.holder?.seenIn !== record) return free;
      next += 1;
    }
  }

  #find(key: Uint8Array, start: number, end: number): FieldName {
    const hash = this.#hashOf(key, start, end);
    // A copy, because the bytes are about to be overwritten. The `slice` of a Buffer would be a view.
    return this.#known(key, start, end, hash) ?? this.#add(Uint8Array.prototype.slice.call(key, start, end), hash);
  }

  #known(key: Uint8Array, start: number, end: number, hash: number): FieldName | undefined {
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at];
      if (entry === undefined || (entry.hash === hash && sameBytes(entry.source, key, start, end))) return entry;
    }
  }

  #hashOf(bytes: Uint8Array, start: number, end: number): number {
    this.#hash.start();
    this.#hash.add(bytes, start, end);
    return this.#hash.low();
  }

  #add(source: Uint8Array, hash: number): FieldName {
    const entry = this.#entry(source, hash, 'content', this.#outName(this.#legal(source)));
    this.#insertNew(entry);
    return entry;
  }

  #legal(source: Uint8Array): string {
    const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    if (!isLongKey(source)) return legalName(bytes.toString(), this.#rule);
    const start = bytes.toString('utf8', 0, characterStart(source, WHOLE_BYTES));
    return legalLongName(start, nameHashIn(source), this.#rule);
  }

  /** Adds a name of the options. */
  #addKnown(name: string): void {
    const source = this.#keyOf(Buffer.from(name));
    const renamed = this.#renamed.get(name);
    const out = this.#outName(renamed === undefined ? this.#legal(source) : legalName(renamed, this.#rule));
    const hash = this.#hashOf(source, 0, source.length);
    this.#insertNew(this.#entry(source, hash, this.#roles.get(name) ?? 'content', out));
  }

  #keyOf(name: Uint8Array): Uint8Array {
    if (name.length <= WHOLE_BYTES) return name;
    this.#longName.set(0, name, 0, name.length);
    return Uint8Array.from(this.#longName.bytes.subarray(0, this.#longName.lengthOf(0)));
  }

  #entry(source: Uint8Array, hash: number, role: FieldRole, out: OutName): FieldName {
    const encoded = encodeName(out.name);
    this.#bytes += ENTRY_BYTES + source.length + encoded.length;
    const unseen = { seenIn: -1, row: -1, address: 0, cachedIn: -1, suffixed: undefined, suffixedIn: -1 };
    return { role, source, hash, encoded, out, ...unseen };
  }

  #outName(name: string): OutName {
    // The engine's hash of digits is their number, so a text of digits must not be a key.
    const key = `.${name}`;
    let out = this.#outNames.get(key);
    if (out === undefined) {
      out = { name, holder: undefined, nextSuffix: 2, suffixIn: -1 };
      this.#outNames.set(key, out);
      this.#bytes += OUT_NAME_BYTES + 2 * name.length;
    }
    return out;
  }

  #insertNew(entry: FieldName): void {
    if (this.#size * 2 >= this.#table.length) this.#grow();
    this.#insert(entry);
    this.#size += 1;
  }

  #insert(entry: FieldName): void {
    const mask = this.#table.length - 1;
    let at = entry.hash & mask;
    while (this.#table[at] !== undefined) at = (at + 1) & mask;
    this.#table[at] = entry;
  }

  #grow(): void {
    const entries = this.#table;
    this.#table = new Array(entries.length * 2).fill(undefined);
    for (const entry of entries) if (entry !== undefined) this.#insert(entry);
  }

  #clear(): void {
    this.#table = new Array(FIRST_SLOTS).fill(undefined);
    this.#size = 0;
    this.#outNames.clear();
    for (const name of new Set([...this.#roles.keys(), ...this.#renamed.keys()])) this.#addKnown(name);
    // What the options name is always there, and does not count.
    this.#bytes = 0;
  }
}

function encodeName(name: string): Uint8Array {
  const bytes = utf8.encode(name);
  // Two bytes hold a length up to 16,383.
  const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Uint8Array.from([0x0a, ...length, ...bytes]);
}

function sameBytes(entry: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (entry.length !== end - start) return false;
  for (let at = 0; at < entry.length; at += 1) if (entry[at] !== bytes[start + at]) return false;
  return true;
}
