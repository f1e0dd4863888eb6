// The names that a service accepts, and the one rule that renames all others.
//
// If the service's documented rule does not allow a name, it is renamed, in the same way for every target:
//
//   1. ASCII letters, digits, space, `_`, `-` and `/` stay. Any other ASCII character becomes `_`. A character outside
//      ASCII becomes `u` and its code point in hex (`用户` -> `u7528u6237`), so that two such names stay different.
//   2. A space at either end becomes `_`.
//   3. If the name is then empty or reserved, or begins with `_`, it gets the prefix `x`.
//   4. A name above the maximum length is truncated, and ends with `_` and a hash of the whole name.
//
// If another field of the same record already has the new name, `_2`, `_3` and so on is appended.

import { TextEncoder } from 'node:util';
import { cutEnd } from './json-scan';

/** What a service documents about field names. */
export interface NameRule {
  /** The maximum length of a name, in bytes of UTF-8. At most LONGEST_NAME_BYTES. */
  readonly maxBytes: number;
  /** Names that the service reserves. */
  readonly reserved: ReadonlySet<string>;
}

/** Two bytes hold the length of such a name, and the first WHOLE_BYTES of a long name are enough to make one. */
export const LONGEST_NAME_BYTES = 240;

const FNV_START = 0x811c9dc5;
/** A long name in JSON is read in pieces, so that its length needs no memory. */
const PIECE_BYTES = 64 * 1024;
/** Node's own: jsdom, as an environment of Jest, has none. */
const utf8 = new TextEncoder();
const LEGAL = /[A-Za-z0-9 _\-/]/;
const UNDERSCORE = 0x5f;
const SPACE = 0x20;
/** 1 for each byte that stays by rule 1. */
const IS_LEGAL = Uint8Array.from({ length: 256 }, (_, byte) => (LEGAL.test(String.fromCharCode(byte)) ? 1 : 0));

/** Returns the name in these bytes of UTF-8 if it is sent as it is, else undefined. */
export function plainName(bytes: Buffer, { maxBytes, reserved }: NameRule): string | undefined {
  const { length } = bytes;
  if (length === 0 || length > maxBytes) return undefined;
  const [first, last] = [bytes[0]!, bytes[length - 1]!];
  if (first === UNDERSCORE || first === SPACE || last === SPACE) return undefined;
  for (let at = 0; at < length; at += 1) if (IS_LEGAL[bytes[at]!] === 0) return undefined;
  const name = bytes.toString('latin1');
  return reserved.has(name) ? undefined : name;
}

/** Returns the name to send for `text`. */
export function legalName(text: string, rule: NameRule): string {
  const name = legalStart(text, rule);
  return name.length <= rule.maxBytes ? name : withHash(name, addToNameHash(FNV_START, utf8.encode(text)), rule);
}

/**
 * Returns the name to send for a long name.
 * @param start its beginning, which is longer than a name may be
 * @param hash the hash of the whole name
 */
export function legalLongName(start: string, hash: number, rule: NameRule): string {
  return withHash(legalStart(start, rule), hash, rule);
}

/** As `legalLongName`, for a name in JSON: `bytes[from..to)`. Returns undefined if that is not JSON. */
export function legalNameOfJson(bytes: Buffer, from: number, to: number, rule: NameRule): string | undefined {
  let start: string | undefined;
  let hash = FNV_START;
  for (let at = from; at < to; ) {
    const pieceTo = cutEnd(bytes, at, to, at + PIECE_BYTES);
    // It ends within an escape.
    if (pieceTo === at) return undefined;
    let text: string;
    try {
      text = JSON.parse(`"${bytes.toString('utf8', at, pieceTo)}"`) as string;
    } catch {
      return undefined;
    }
    start ??= text;
    hash = addToNameHash(hash, utf8.encode(text));
    at = pieceTo;
  }
  return legalLongName(start!, hash, rule);
}

/** The hash of rule 4, FNV-1a. It has no secret, because a name must be the same in every process. */
export function newNameHash(): number {
  return FNV_START;
}

export function addToNameHash(hash: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let result = hash;
  for (let at = from; at < to; at += 1) result = Math.imul(result ^ bytes[at]!, 0x01000193);
  return result;
}

/** Returns the name by rules 1 to 3. Of a name above the maximum, only a part above the maximum. */
function legalStart(text: string, { maxBytes, reserved }: NameRule): string {
  let name = '';
  for (const character of text) {
    if (LEGAL.test(character)) name += character;
    else name += character < '\u0080' ? '_' : `u${character.codePointAt(0)!.toString(16)}`;
    if (name.length > maxBytes) break;
  }
  name = name.replace(/^ | $/g, '_');
  return name === '' || name.startsWith('_') || reserved.has(name) ? `x${name}` : name;
}

function withHash(name: string, hash: number, { maxBytes }: NameRule): string {
  return withSuffix(name, `_${(hash >>> 0).toString(16).padStart(8, '0')}`, maxBytes);
}

export function withSuffix(name: string, suffix: string, maxBytes: number): string {
  return name.slice(0, maxBytes - suffix.length) + suffix;
}
