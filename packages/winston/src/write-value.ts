// Writes the JSON text of any value, including those that JSON.stringify refuses. It never throws, and what it costs is
// bounded.
//
// A value that cannot be written becomes "[Circular]", "[Throws: why]", "[Deep]" or "[Truncated]". 64-bit integers are
// written as digits, as pino does. Depth and number of values are bounded, because a graph of objects that refer to
// each other is a tree of any size. Nothing is copied before it is cut: neither bytes, nor the entries of a map.

import { types } from 'node:util';
import { cutBase64, cutText } from './cut';
import { isError, liftError, throwsText, unreadableError } from './errors';
import { nameText } from './name-text';
import { dateText, hasOwnContent, jsonOf, unboxed } from './own-content';

/** A value that is deeper than this is cut far above, because what it shows is its shape and not its content. */
const MAX_DEPTH = 200;
const CUT_DEPTH = 32;
/** Of a value with cycles. */
const MAX_CYCLIC_VALUES = 10_000;
/** How many times an object may be written again, if it occurs at several places. */
const MAX_REPEATS = 10_000;
/** Getters and `toJSON` can return new objects without an end. */
const MAX_OBJECTS = 50_000;
/** A text up to this length is never cut for others. */
const SHORT_CHARS = 256;
/** A 64-bit integer has 64 bits. The digits of one with a million bits take longer than a thousand records. */
const LARGE_INTEGER = 2n ** 65_536n;

/** Thrown and caught in this file. It is compared, because asking a thrown proxy for its class may throw again. */
const TOO_DEEP = new Error('too deep');

interface Walk {
  /** The objects that contain the value. */
  readonly path: object[];
  /** Made for the first value that is within another one. */
  seen: Set<object> | undefined;
  readonly maxDepth: number;
  values: number;
  maxValues: number;
  repeatsLeft: number;
  charsLeft: number;
}

/** @param maxChars about how long the text may be */
export function writeValue(value: unknown, maxChars: number): string | undefined {
  try {
    return textOf(value, '', newWalk(MAX_DEPTH, maxChars));
  } catch (error) {
    return error === TOO_DEEP
      ? textOf(value, '', newWalk(CUT_DEPTH, maxChars))
      : JSON.stringify(cutText(throwsText(error), SHORT_CHARS));
  }
}

function newWalk(maxDepth: number, maxChars: number): Walk {
  return {
    path: [],
    seen: undefined,
    maxDepth,
    values: 0,
    maxValues: Number.POSITIVE_INFINITY,
    repeatsLeft: MAX_REPEATS,
    charsLeft: maxChars,
  };
}

function textOf(value: unknown, key: string | number, walk: Walk): string | undefined {
  switch (typeof value) {
    case 'string':
      return stringText(value, walk);
    case 'number':
      return written(Number.isFinite(value) ? String(value) : `"${value}"`, walk);
    case 'boolean':
      return written(String(value), walk);
    case 'bigint':
      return written(integerText(value), walk);
    case 'symbol':
      return stringText(String(value), walk);
    case 'undefined':
      return undefined;
    default:
      return value === null ? written('null', walk) : objectText(value as object, key, walk);
  }
}

function integerText(value: bigint): string {
  return value < LARGE_INTEGER && value > -LARGE_INTEGER ? String(value) : '"[Integer of more than 65536 bits]"';
}

function stringText(value: string, walk: Walk): string {
  return written(JSON.stringify(cutText(value, mostChars(walk))), walk);
}

/** Returns the most characters of a text: half of the room, so that the values behind it have room as well. */
function mostChars(walk: Walk): number {
  return Math.max(SHORT_CHARS, Math.floor(walk.charsLeft / 2));
}

function written(text: string, walk: Walk): string {
  walk.charsLeft -= text.length;
  return text;
}

function isFull(walk: Walk): boolean {
  return walk.values >= walk.maxValues || walk.charsLeft <= 0;
}

function objectText(value: object, key: string | number, walk: Walk): string | undefined {
  if (walk.path.includes(value)) {
    walk.maxValues = MAX_CYCLIC_VALUES;
    return written('"[Circular]"', walk);
  }
  if (walk.path.length >= walk.maxDepth) {
    if (walk.maxDepth > CUT_DEPTH) throw TOO_DEEP;
    return written('"[Deep]"', walk);
  }
  if (isFull(walk) || isOneTooMany(value, walk)) return written('"[Truncated]"', walk);
  walk.path.push(value);
  walk.values += 1;
  try {
    return contentText(value, key, walk);
  } catch (error) {
    if (error === TOO_DEEP) throw error;
    return stringText(throwsText(error), walk);
  } finally {
    walk.path.pop();
  }
}

function isOneTooMany(value: object, walk: Walk): boolean {
  // The whole value can only be within itself.
  if (walk.path.length === 0) return false;
  walk.seen ??= new Set();
  if (!walk.seen.has(value)) {
    walk.seen.add(value);
    return walk.seen.size > MAX_OBJECTS;
  }
  walk.repeatsLeft -= 1;
  return walk.repeatsLeft < 0;
}

function contentText(value: object, key: string | number, walk: Walk): string | undefined {
  const isArray = Array.isArray(value);
  let plain: unknown;
  try {
    plain = jsonOf(value, String(key));
  } catch (error) {
    if (isArray || !isError(value)) throw error;
    return fieldsText(unreadableError(value, error), walk);
  }
  if (typeof plain !== 'object' && typeof plain !== 'function') return textOf(plain, key, walk);
  if (plain === null) return written(types.isDate(value) ? '"Invalid Date"' : 'null', walk);
  // `toJSON` may return an object that contains this value.
  if (plain !== value && walk.path.includes(plain)) return written('"[Circular]"', walk);
  return plainText(plain, walk);
}

/** @param value without its `toJSON` */
function plainText(value: object, walk: Walk): string {
  if (Array.isArray(value)) return arrayText(value, walk);
  if (isError(value)) return fieldsText(liftError(value), walk);
  if (!hasOwnContent(value)) return fieldsText(value as Record<string, unknown>, walk);
  if (types.isMap(value)) return mapText(value, walk);
  if (types.isSet(value)) return setText(value, walk);
  if (types.isUint8Array(value) || types.isDataView(value) || types.isAnyArrayBuffer(value)) {
    return written(`"${cutBase64(value, mostChars(walk))}"`, walk);
  }
  if (ArrayBuffer.isView(value)) return indexedText(value as unknown as ArrayLike<unknown>, walk);
  if (types.isBoxedPrimitive(value)) return textOf(unboxed(value), '', walk) ?? 'null';
  if (types.isDate(value)) return stringText(dateText(value), walk);
  return stringText(typeof value === 'function' ? '[Function]' : String(value), walk);
}

function arrayText(values: ArrayLike<unknown>, walk: Walk): string {
  const { length } = values;
  let text = '';
  for (let at = 0; at < length; at += 1) {
    if (isFull(walk)) {
      text += ',"[Truncated]"';
      break;
    }
    text += `,${itemText(values, at, walk) ?? written('null', walk)}`;
  }
  return `[${text.slice(1)}]`;
}

function setText(values: ReadonlySet<unknown>, walk: Walk): string {
  let text = '';
  for (const value of Set.prototype.values.call(values)) {
    if (isFull(walk)) {
      text += ',"[Truncated]"';
      break;
    }
    text += `,${itemText([value], 0, walk) ?? written('null', walk)}`;
  }
  return `[${text.slice(1)}]`;
}

function mapText(map: ReadonlyMap<unknown, unknown>, walk: Walk): string {
  let text = '';
  for (const [key, value] of Map.prototype.entries.call(map)) {
    if (isFull(walk)) {
      text += ',"[Truncated]":true';
      break;
    }
    text += fieldText(keyName(key, walk), itemText([value], 0, walk), walk);
  }
  return `{${text.slice(1)}}`;
}

/** The name of a key of a map. An object is its own JSON text. */
function keyName(key: unknown, walk: Walk): string {
  const isObject = (typeof key === 'object' && key !== null) || typeof key === 'function';
  const { charsLeft } = walk;
  const name = isObject
    ? (objectText(key, '', walk) ?? 'undefined')
    : typeof key === 'bigint'
      ? integerText(key)
      : String(key);
  // It is counted as a name.
  walk.charsLeft = charsLeft;
  return name;
}

function fieldsText(fields: Record<string, unknown>, walk: Walk): string {
  return namedText(fields, Object.keys(fields), walk);
}

/** Of a typed array. Object.keys would make millions of names. */
function indexedText(values: ArrayLike<unknown>, walk: Walk): string {
  let text = '';
  for (let at = 0; at < values.length; at += 1) {
    if (isFull(walk)) {
      text += ',"[Truncated]":true';
      break;
    }
    text += fieldText(String(at), itemText(values, at, walk), walk);
  }
  return `{${text.slice(1)}}`;
}

function namedText(fields: Record<string, unknown>, names: readonly string[], walk: Walk): string {
  let text = '';
  for (const name of names) {
    if (isFull(walk)) {
      text += ',"[Truncated]":true';
      break;
    }
    text += fieldText(name, itemText(fields, name, walk), walk);
  }
  return `{${text.slice(1)}}`;
}

function fieldText(name: string, value: string | undefined, walk: Walk): string {
  if (value === undefined) return '';
  return name.length > SHORT_CHARS ? `,${stringText(name, walk)}:${value}` : written(nameText(name), walk) + value;
}

function itemText(values: object, key: string | number, walk: Walk): string | undefined {
  walk.values += 1;
  walk.charsLeft -= 2;
  try {
    const value = (values as Record<string | number, unknown>)[key];
    // JSON shows no functions. Of those it does not show, this one says nothing.
    return key === 'toJSON' && typeof value === 'function' ? undefined : textOf(value, key, walk);
  } catch (error) {
    if (error === TOO_DEEP) throw error;
    return stringText(throwsText(error), walk);
  }
}
