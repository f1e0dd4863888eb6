// Field names: under which name a field of the application is sent.
//
// Each distinct name has one FieldName. So it is checked, renamed and encoded once, and not for each record. The
// FieldName also has the number of the last record that had the field, so that a duplicate is found without a table for
// each record.
//
// name-rule.ts renames a name that the rule in force does not allow. The option `rename` is applied first.
//
// Whatever the names are, time is linear in their lengths, and memory is bounded. The hash of the table has a secret
// key. A name above 256 bytes is kept as its key (name-key.ts). All names are forgotten when they need too much memory.

import { KeyedHash, newHashKey } from './keyed-hash';
import { NameBytes } from './name-bytes';
import { isLongKey, NameKey, nameHashIn, WHOLE_BYTES } from './name-key';
import { legalLongName, legalName, type NameRule, plainName } from './name-rule';
import { type OutName, OutNames } from './out-names';
import { characterStart } from './truncate';

export { legalName, type NameRule, nameRule } from './name-rule';

/**
 * What a field is used for. A `time` is not written as a content if it is the record's time. A `hidden time` is never
 * written as a content, and an `omitted` field is not used at all.
 */
export type FieldRole = 'content' | 'time' | 'hidden time' | 'level' | 'omitted';

export interface FieldName {
  readonly role: FieldRole;
  /**
   * Where its key is in `FieldNames.text`, and its length. Up to 256 bytes it is the name as the application wrote it,
   * in UTF-8.
   */
  readonly at: number;
  readonly bytes: number;
  readonly hash: number;
  /** Where the Key field of a LogContent is, and its length: `0x0a`, the length, and the name that is sent. */
  readonly encodedAt: number;
  readonly encodedBytes: number;
  /** The name that is sent. All entries that are renamed to the same name share this object. */
  readonly out: OutName;
  /** The number of the last record that had this field as a content. */
  seenIn: number;
  /** The row of the field in that record. */
  row: number;
  /** The address of the Key field in the arena. It is valid while `cachedIn` is the generation of the NameCache. */
  address: number;
  cachedIn: number;
  /** The entry with a suffix that replaced this one in the record `suffixedIn`. */
  suffixed: FieldName | undefined;
  suffixedIn: number;
}

/** An application that makes up new names for ever must not fill the memory. */
const MAX_BYTES = 3 * 1024 * 1024;
/** About what an entry needs besides its bytes. */
const ENTRY_BYTES = 250;
const FIRST_SLOTS = 256;

export class FieldNames {
  readonly #rule: NameRule;
  readonly #roles: ReadonlyMap<string, FieldRole>;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #hash: KeyedHash;
  readonly #longName: NameKey;
  /** For the path of a nested value. `findPath` returns the entry of a level. */
  readonly path: NameKey;
  readonly #text = new NameBytes();
  readonly #outNames: OutNames;
  #table: (FieldName | undefined)[] = [];
  #size = 0;
  /** What the names of the options need. They are never forgotten. */
  #optionBytes = 0;

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
    this.#hash = new KeyedHash(secret);
    this.#rule = rule;
    this.#outNames = new OutNames(rule.maxBytes);
    this.#roles = roles;
    this.#renamed = renamed;
    this.#longName = new NameKey(secret);
    this.path = new NameKey(secret);
    this.#clear();
  }

  /** The bytes of all names. It may be another buffer when a name was added. */
  get text(): Buffer {
    return this.#text.bytes;
  }

  /**
   * Forgets all names if they need too much memory, and returns true if it did. Must not be called within a record,
   * because the entries also show which fields the record has.
   */
  trim(): boolean {
    if (this.#memoryBytes <= this.#optionBytes + MAX_BYTES) return false;
    this.#clear();
    return true;
  }

  get #memoryBytes(): number {
    return this.#size * ENTRY_BYTES + this.#text.length + this.#outNames.bytes;
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
    const free = this.#outNames.withFreeSuffix(entry.out, record);
    // A clash usually occurs in each record again, so the last entry is used again.
    const suffixed = entry.suffixed?.out === free ? entry.suffixed : this.#suffixed(entry, free);
    entry.suffixed = suffixed;
    entry.suffixedIn = record;
    free.holder = suffixed;
    return suffixed;
  }

  #find(key: Uint8Array, start: number, end: number): FieldName {
    const hash = this.#hashOf(key, start, end);
    return this.#known(key, start, end, hash) ?? this.#add(key, start, end, hash, 'content', undefined);
  }

  #known(key: Uint8Array, start: number, end: number, hash: number): FieldName | undefined {
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at];
      if (entry === undefined || (entry.hash === hash && this.#isKey(entry, key, start, end))) return entry;
    }
  }

  #hashOf(bytes: Uint8Array, start: number, end: number): number {
    const hash = this.#hash;
    hash.start();
    hash.add(bytes, start, end);
    return hash.low();
  }

  #isKey({ at, bytes }: FieldName, key: Uint8Array, start: number, end: number): boolean {
    if (bytes !== end - start) return false;
    const text = this.#text.bytes;
    for (let i = 0; i < bytes; i += 1) if (text[at + i] !== key[start + i]) return false;
    return true;
  }

  /** Adds a name of the options. */
  #addKnown(name: string): void {
    const bytes = Buffer.from(name);
    let [key, length] = [bytes, bytes.length];
    if (length > WHOLE_BYTES) {
      this.#longName.set(0, bytes, 0, length);
      [key, length] = [this.#longName.bytes, this.#longName.lengthOf(0)];
    }
    const hash = this.#hashOf(key, 0, length);
    this.#add(key, 0, length, hash, this.#roles.get(name) ?? 'content', this.#renamed.get(name));
  }

  #add(
    key: Uint8Array,
    start: number,
    end: number,
    hash: number,
    role: FieldRole,
    renamed: string | undefined,
  ): FieldName {
    if (this.#size * 2 >= this.#table.length) this.#grow();
    const bytes = Buffer.from(key.buffer, key.byteOffset + start, end - start);
    const plain = renamed === undefined ? plainName(bytes, this.#rule) : undefined;
    const out = this.#outNames.of(plain ?? this.#legal(bytes, renamed));
    // A name that is sent as it is has its bytes in its Key field.
    const own = plain === undefined ? this.#text.add(bytes, 0, bytes.length) : undefined;
    const encodedAt = this.#text.length;
    const encodedBytes = this.#text.addKeyField(out.name);
    const at = own ?? encodedAt + encodedBytes - bytes.length;
    const entry = newEntry({ role, at, bytes: bytes.length, hash, encodedAt, encodedBytes, out });
    this.#insert(entry);
    this.#size += 1;
    return entry;
  }

  #suffixed({ role, at, bytes, hash }: FieldName, out: OutName): FieldName {
    const encodedAt = this.#text.length;
    const encodedBytes = this.#text.addKeyField(out.name);
    return newEntry({ role, at, bytes, hash, encodedAt, encodedBytes, out });
  }

  #legal(key: Buffer, renamed: string | undefined): string {
    if (renamed !== undefined) return legalName(renamed, this.#rule);
    if (!isLongKey(key)) return legalName(key.toString(), this.#rule);
    return legalLongName(key.toString('utf8', 0, characterStart(key, WHOLE_BYTES)), nameHashIn(key), this.#rule);
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
    this.#text.clear();
    this.#outNames.clear();
    for (const name of new Set([...this.#roles.keys(), ...this.#renamed.keys()])) this.#addKnown(name);
    this.#optionBytes = this.#memoryBytes;
  }
}

type Named = Pick<FieldName, 'role' | 'at' | 'bytes' | 'hash' | 'encodedAt' | 'encodedBytes' | 'out'>;

function newEntry({ role, at, bytes, hash, encodedAt, encodedBytes, out }: Named): FieldName {
  return {
    role,
    at,
    bytes,
    hash,
    encodedAt,
    encodedBytes,
    out,
    seenIn: -1,
    row: -1,
    address: 0,
    cachedIn: -1,
    suffixed: undefined,
    suffixedIn: -1,
  };
}
