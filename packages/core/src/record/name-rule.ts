// The names that a service accepts, and how all others are renamed.
//
// A service reserves some names, limits the length of a name, and may limit its characters. A name within its rule is
// sent as it is. Any other name is renamed:
//
//   1. A character that the rule does not allow becomes `_` if it is ASCII. Otherwise it becomes `u` and its code point
//      in hex (`用户` -> `u7528u6237`), so that two such names stay different.
//   2. If the rule does not allow a space at either end, that space becomes `_`.
//   3. If the name is then empty or reserved, or has a beginning that the rule does not allow, it gets the prefix `x`.
//   4. A name above the maximum length is truncated, and ends with `_` and a hash of the whole name.
//
// If another field of the same record already has the new name, `_2`, `_3` and so on is appended.

import { isUtf8 } from 'node:buffer';
import { cutEnd } from './json-scan';
import { characterStart } from './truncate';

/** Which characters a name may have, and where. */
export type NameCharacters =
  /** All of Unicode. */
  | 'any'
  /** ASCII letters and digits, space, `_`, `-`, `/`. No `_` at the beginning, no space at either end. */
  | 'signs'
  /** ASCII letters and digits, `_`. A letter at the beginning. */
  | 'letters';

/** What a service documents about field names. */
export interface NameRule {
  readonly characters: NameCharacters;
  /** The maximum length of a name, in bytes of UTF-8. At most LONGEST_NAME_BYTES. */
  readonly maxBytes: number;
  /** Names that the service reserves. */
  readonly reserved: ReadonlySet<string>;
  /** It reserves every name that begins with this text. */
  readonly reservedPrefix?: string;
}

/**
 * Returns the rule of a service, or with `portable` a rule that is within every documented one. So a name of the
 * application is sent under the same name to each service.
 */
export function nameRule(own: NameRule, fieldNames: 'asIs' | 'portable' = 'asIs'): NameRule {
  return fieldNames === 'portable' ? { ...own, characters: 'letters' } : own;
}

/** Two bytes hold the length of such a name, and the first WHOLE_BYTES of a long name are enough to make one. */
export const LONGEST_NAME_BYTES = 240;

const FNV_START = 0x811c9dc5;
/** A long name in JSON is read in pieces, so that its length needs no memory. */
const PIECE_BYTES = 64 * 1024;
const SPACE = 0x20;

interface Characters {
  readonly allowed: RegExp;
  /** Matches a name that needs the prefix `x`. */
  readonly wrongStart: RegExp;
  /** 1 for each byte that `allowed` matches. */
  readonly isAllowed: Uint8Array;
  /** 1 for each byte at which a name may begin. */
  readonly mayBegin: Uint8Array;
}

const LIMITED: Readonly<Record<Exclude<NameCharacters, 'any'>, Characters>> = {
  signs: charactersOf(/[A-Za-z0-9 _\-/]/, /^[_ ]/),
  letters: charactersOf(/[A-Za-z0-9_]/, /^[_0-9]/),
};

function charactersOf(allowed: RegExp, wrongStart: RegExp): Characters {
  const bytes = (holds: (character: string) => boolean) =>
    Uint8Array.from({ length: 256 }, (_, byte) => (holds(String.fromCharCode(byte)) ? 1 : 0));
  return {
    allowed,
    wrongStart,
    isAllowed: bytes((character) => allowed.test(character)),
    mayBegin: bytes((character) => allowed.test(character) && !wrongStart.test(character)),
  };
}

/** Returns the name in these bytes if it is sent as it is, else undefined. */
export function plainName(bytes: Buffer, rule: NameRule): string | undefined {
  const { length } = bytes;
  if (length === 0 || length > rule.maxBytes) return undefined;
  const name = rule.characters === 'any' ? textOf(bytes) : limitedName(bytes, LIMITED[rule.characters]);
  return name === undefined || isReserved(name, rule) ? undefined : name;
}

function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

function limitedName(bytes: Buffer, { isAllowed, mayBegin }: Characters): string | undefined {
  if (mayBegin[bytes[0]!] === 0 || bytes[bytes.length - 1] === SPACE) return undefined;
  for (let at = 1; at < bytes.length; at += 1) if (isAllowed[bytes[at]!] === 0) return undefined;
  return bytes.toString('latin1');
}

function isReserved(name: string, { reserved, reservedPrefix }: NameRule): boolean {
  return reserved.has(name) || (reservedPrefix !== undefined && name.startsWith(reservedPrefix));
}

/** Returns the name to send for `text`. */
export function legalName(text: string, rule: NameRule): string {
  const name = legalStart(text, rule);
  const isShort = Buffer.byteLength(name) <= rule.maxBytes;
  return isShort ? name : withHash(name, addToNameHash(FNV_START, Buffer.from(text)), rule);
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
    hash = addToNameHash(hash, Buffer.from(text));
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
function legalStart(text: string, rule: NameRule): string {
  const { characters } = rule;
  const limited = characters === 'any' ? undefined : LIMITED[characters];
  const name = limited === undefined ? text.toWellFormed() : inCharacters(text, limited, rule.maxBytes);
  return name === '' || limited?.wrongStart.test(name) || isReserved(name, rule) ? `x${name}` : name;
}

function inCharacters(text: string, { allowed }: Characters, maxBytes: number): string {
  let name = '';
  for (const character of text) {
    if (allowed.test(character)) name += character;
    else name += character < '\u0080' ? '_' : `u${character.codePointAt(0)!.toString(16)}`;
    if (name.length > maxBytes) break;
  }
  return name.replace(/^ | $/g, '_');
}

function withHash(name: string, hash: number, { maxBytes }: NameRule): string {
  return withSuffix(name, `_${(hash >>> 0).toString(16).padStart(8, '0')}`, maxBytes);
}

/** Returns the name with an ASCII suffix. If both together are above the maximum, the name is cut. */
export function withSuffix(name: string, suffix: string, maxBytes: number): string {
  return cutName(name, maxBytes - suffix.length) + suffix;
}

/** Returns the longest beginning of the name that has at most `maxBytes` bytes, without a part of a character. */
export function cutName(name: string, maxBytes: number): string {
  const length = Buffer.byteLength(name);
  if (length <= maxBytes) return name;
  if (length === name.length) return name.slice(0, maxBytes);
  const bytes = Buffer.from(name);
  return bytes.toString('utf8', 0, characterStart(bytes, maxBytes));
}
