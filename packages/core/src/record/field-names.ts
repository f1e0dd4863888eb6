// The name a field goes out under, and whether the record had that field already.
//
// Takes: a field's name as UTF-8 bytes, unescaped. Gives: its KeyEntry, with the bytes to write for it.
// Keeps: one entry per distinct name, so that a name is checked, renamed and encoded once and not per record;
// and in each entry the last record that had it, so that a duplicate is seen without a table per record.
// Never: a user's name as a property of a plain object (`__proto__` is just another name here).
//
// A name that the service's documented rule does not allow is renamed by one rule, the same for every target:
//   1. A character outside letters, digits, space, `_`, `-` and `/` of ASCII becomes `_` if it is ASCII, else `u`
//      and its code point in hex (`用户` -> `u7528u6237`): two names in a script the service may not know stay two.
//   2. A space at either end becomes `_`.
//   3. If the name is then empty, reserved, or begins with `_`, `x` is put before it.
//   4. A name above the longest allowed is cut, and ends with `_` and a hash of the whole.
// What the options rename is renamed before that.
// If another field of the same record has that name already, `_2`, `_3`, ... is put behind it.

/** What a target's service documents about field names. */
export interface KeyRule {
  /** Longest name, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Names the service keeps for itself. */
  readonly reserved: ReadonlySet<string>;
}

/** What the field is to us, beside a content: where the record's time is, or its level, or what is left out. */
export type KeyRole = 'content' | 'time' | 'level' | 'omitted';

export interface KeyEntry {
  readonly role: KeyRole;
  /** The name as the application wrote it, UTF-8. */
  readonly source: Uint8Array;
  readonly hash: number;
  /** `0x0a`, the length and the name that goes out: the Key field of a LogContent, ready to be copied. */
  readonly encoded: Uint8Array;
  /** The name that goes out, and who has it: shared by all entries that are renamed to the same. */
  readonly out: OutName;
  /** The number of the last record that had this field, and the row it goes out of; -1 if it gave the time. */
  seenIn: number;
  row: number;
  /** Where `encoded` stands in the memory that the record is read in, while `placedIn` is the filling of name-cache.ts. */
  address: number;
  placedIn: number;
  /** The entry with a suffix that was used in its place in the record `suffixedIn`. */
  suffixed: KeyEntry | undefined;
  suffixedIn: number;
}

interface OutName {
  readonly name: string;
  holder: KeyEntry | undefined;
  /** The next suffix to try in the record `suffixIn`: a record of ten thousand clashes must not search each time. */
  nextSuffix: number;
  suffixIn: number;
}

const MAX_ENTRIES = 4096;
const utf8 = new TextEncoder();

export class Keys {
  readonly #rule: KeyRule;
  readonly #roles: ReadonlyMap<string, KeyRole>;
  readonly #renamed: ReadonlyMap<string, string>;
  #table: (KeyEntry | undefined)[] = [];
  #size = 0;
  readonly #outNames = new Map<string, OutName>();

  /** Roles and new names, by the name as the application has it. */
  constructor(rule: KeyRule, roles: ReadonlyMap<string, KeyRole>, renamed: ReadonlyMap<string, string>) {
    this.#rule = rule;
    this.#roles = roles;
    this.#renamed = renamed;
    this.#clear();
  }

  /**
   * To be called between records: an application that makes up field names without end must not grow us, and
   * within a record the entries are what tells a duplicate. Gives whether all entries have gone.
   */
  trim(): boolean {
    if (this.#size <= MAX_ENTRIES) return false;
    this.#clear();
    return true;
  }

  /** The entry of the name in `bytes[start..end)`. */
  find(bytes: Uint8Array, start: number, end: number): KeyEntry {
    const hash = hashOf(bytes, start, end);
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at];
      // A copy: of a Buffer, `slice` would be a view of bytes that are about to be overwritten.
      if (entry === undefined) return this.#add(Uint8Array.from(bytes.subarray(start, end)), hash);
      if (entry.hash === hash && sameBytes(entry.source, bytes, start, end)) return entry;
    }
  }

  /**
   * The entry to write a field of `record` with: its own, unless another field of the record took the name that
   * both are renamed to.
   */
  claim(entry: KeyEntry, record: number): KeyEntry {
    const { holder } = entry.out;
    if (holder === entry) return entry;
    if (holder !== undefined && holder.seenIn === record) return this.#claimSuffixed(entry, record);
    entry.out.holder = entry;
    return entry;
  }

  #claimSuffixed(entry: KeyEntry, record: number): KeyEntry {
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
    // Nearly always that of the last record.
    const suffixed =
      entry.suffixed?.out === free ? entry.suffixed : this.#entry(entry.source, entry.hash, entry.role, free);
    entry.suffixed = suffixed;
    entry.suffixedIn = record;
    free.holder = suffixed;
    return suffixed;
  }

  #add(source: Uint8Array, hash: number): KeyEntry {
    if (this.#size * 2 >= this.#table.length) this.#grow();
    const text = Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString();
    const out = this.#outName(legalName(this.#renamed.get(text) ?? text, this.#rule));
    const entry = this.#entry(source, hash, this.#roles.get(text) ?? 'content', out);
    this.#insert(entry);
    this.#size += 1;
    return entry;
  }

  #entry(source: Uint8Array, hash: number, role: KeyRole, out: OutName): KeyEntry {
    const encoded = encodeKey(out.name);
    const unseen = { seenIn: -1, row: -1, address: 0, placedIn: -1, suffixed: undefined, suffixedIn: -1 };
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

  #insert(entry: KeyEntry): void {
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

/** The name that goes out for `text`: itself if the rule allows it, else what the rule at the top makes of it. */
export function legalName(text: string, rule: KeyRule): string {
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

function encodeKey(name: string): Uint8Array {
  const bytes = utf8.encode(name);
  // Two bytes hold a length up to 16383; the longest name any target allows is far below.
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
