// Field names: under which name a field of the application is sent.
//
// Each distinct name has one FieldName. So it is checked, renamed and encoded once, and not for each record. The
// FieldName also has the number of the last record that had the field, so that a duplicate is found without a table for
// each record.
//
// If the service's documented rule does not allow a name, one rule renames it, the same for every target:
//
//   1. ASCII letters, digits, space, `_`, `-` and `/` stay. Any other ASCII character becomes `_`. A character outside
//      ASCII becomes `u` and its code point in hex (`用户` -> `u7528u6237`), so that two such names stay different.
//   2. A space at either end becomes `_`.
//   3. If the name is then empty or reserved, or begins with `_`, it gets the prefix `x`.
//   4. A name above the maximum length is truncated, and ends with `_` and a hash of the whole name.
//
// The option `rename` is applied first. If another field of the same record already has the new name, `_2`, `_3` and so
// on is appended.

import { TextEncoder } from 'node:util';

/** What a service documents about field names. */
export interface NameRule {
  /** The maximum length of a name, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Names that the service reserves. */
  readonly reserved: ReadonlySet<string>;
}

/** What a field is used for. A `time` is not written as a content, and an `omitted` field is not written at all. */
export type FieldRole = 'content' | 'time' | 'level' | 'omitted';

export interface FieldName {
  readonly role: FieldRole;
  /** The name as the application wrote it, in UTF-8. */
  readonly source: Uint8Array;
  readonly hash: number;
  /** The Key field of a LogContent: `0x0a`, the length, and the name that is sent. */
  readonly encoded: Uint8Array;
  /** The name that is sent. All entries that are renamed to the same name share this object. */
  readonly out: OutName;
  /** The number of the last record that had this field. */
  seenIn: number;
  /** The row of the field in that record, or -1 if the field was the time. */
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
   * The next suffix to try in the record `suffixIn`. Without it, 10,000 clashes in one record would each search from 2.
   */
  nextSuffix: number;
  suffixIn: number;
}

/** An application that makes up new names for ever must not fill the memory. */
const MAX_ENTRIES = 4096;
/** Node's own: jsdom, as an environment of Jest, has none. */
const utf8 = new TextEncoder();

export class FieldNames {
  readonly #rule: NameRule;
  readonly #roles: ReadonlyMap<string, FieldRole>;
  readonly #renamed: ReadonlyMap<string, string>;
  #table: (FieldName | undefined)[] = [];
  #size = 0;
  readonly #outNames = new Map<string, OutName>();

  /**
   * Both maps have the name that the application writes as their key. A Map treats `__proto__` like every other name.
   */
  constructor(rule: NameRule, roles: ReadonlyMap<string, FieldRole>, renamed: ReadonlyMap<string, string>) {
    this.#rule = rule;
    this.#roles = roles;
    this.#renamed = renamed;
    this.#clear();
  }

  /**
   * Forgets all names if there are too many, and returns true if it did. Must not be called within a record, because
   * the entries also show which fields the record has.
   */
  trim(): boolean {
    if (this.#size <= MAX_ENTRIES) return false;
    this.#clear();
    return true;
  }

  /** Returns the entry of the name in `bytes[start..end)`. */
  find(bytes: Uint8Array, start: number, end: number): FieldName {
    const hash = hashOf(bytes, start, end);
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at];
      // A copy, because the bytes are about to be overwritten. The `slice` of a Buffer would be a view.
      if (entry === undefined) return this.#add(Uint8Array.from(bytes.subarray(start, end)), hash);
      if (entry.hash === hash && sameBytes(entry.source, bytes, start, end)) return entry;
    }
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
    const { out } = entry;
    if (out.suffixIn !== record) {
      out.suffixIn = record;
      out.nextSuffix = 2;
    }
    let free: OutName;
    do {
      free = this.#outName(withSuffix(out.name, `_${out.nextSuffix}`, this.#rule.maxBytes));
      out.nextSuffix += 1;
    } while (free.holder?.seenIn === record);
    // A clash usually occurs in each record again, so the last entry is used again.
    const suffixed =
      entry.suffixed?.out === free ? entry.suffixed : this.#entry(entry.source, entry.hash, entry.role, free);
    entry.suffixed = suffixed;
    entry.suffixedIn = record;
    free.holder = suffixed;
    return suffixed;
  }

  #add(source: Uint8Array, hash: number): FieldName {
    if (this.#size * 2 >= this.#table.length) this.#grow();
    const text = Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString();
    const out = this.#outName(legalName(this.#renamed.get(text) ?? text, this.#rule));
    const entry = this.#entry(source, hash, this.#roles.get(text) ?? 'content', out);
    this.#insert(entry);
    this.#size += 1;
    return entry;
  }

  #entry(source: Uint8Array, hash: number, role: FieldRole, out: OutName): FieldName {
    const encoded = encodeName(out.name);
    const unseen = { seenIn: -1, row: -1, address: 0, cachedIn: -1, suffixed: undefined, suffixedIn: -1 };
    return { role, source, hash, encoded, out, ...unseen };
  }

  #outName(name: string): OutName {
    let out = this.#outNames.get(name);
    if (out === undefined) {
      out = { name, holder: undefined, nextSuffix: 2, suffixIn: -1 };
      this.#outNames.set(name, out);
    }
    return out;
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
    this.#table = new Array(256).fill(undefined);
    this.#size = 0;
    this.#outNames.clear();
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return hash;
}

/** Returns the name to send for `text`, by the rule at the top of this file. */
export function legalName(text: string, rule: NameRule): string {
  let name = '';
  for (const character of text) {
    if (/[A-Za-z0-9 _\-/]/.test(character)) name += character;
    else name += character < '\u0080' ? '_' : `u${character.codePointAt(0)!.toString(16)}`;
  }
  name = name.replace(/^ | $/g, '_');
  if (name === '' || name.startsWith('_') || rule.reserved.has(name)) name = `x${name}`;
  if (name.length <= rule.maxBytes) return name;
  return withSuffix(name, `_${fnv1a(text)}`, rule.maxBytes);
}

function withSuffix(name: string, suffix: string, maxBytes: number): string {
  return name.slice(0, maxBytes - suffix.length) + suffix;
}

function encodeName(name: string): Uint8Array {
  const bytes = utf8.encode(name);
  // Two bytes hold a length up to 16,383. All targets limit names to 128 bytes.
  const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Uint8Array.from([0x0a, ...length, ...bytes]);
}

function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function sameBytes(entry: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (entry.length !== end - start) return false;
  for (let at = 0; at < entry.length; at += 1) if (entry[at] !== bytes[start + at]) return false;
  return true;
}
