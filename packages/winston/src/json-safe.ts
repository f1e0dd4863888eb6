// Decides whether JSON.stringify alone writes a value without losing anything.
//
// It looks for values that only `write-value.ts` can write: an error, a map, bytes, NaN, a `toJSON`. A value that has
// a cycle, that is larger than the limits, or whose reading throws counts as unsafe. A replacer could do the same, but
// with one the engine leaves its fast path for every property, which costs more than this walk and the writing
// together.

/** A usual record. */
const USUAL_DEPTH = 8;
const USUAL_VALUES = 1000;
const USUAL_CHARS = 2 ** 18;
/** No text of more values fits into a record. */
const MAX_VALUES = 2 ** 17;

let valuesLeft = 0;
let charsLeft = 0;
/** Whether a limit was reached. */
let isTooLarge = false;

/** Decides it for a usual record. */
export function isJsonSafe(value: unknown): boolean {
  return isWithin(value, USUAL_DEPTH, USUAL_VALUES, USUAL_CHARS);
}

/**
 * Decides it for a value of any depth, which may be as large as a record.
 *
 * @param maxChars for all texts and names together
 */
export function isLargeJsonSafe(value: unknown, maxChars: number): boolean {
  if (isWithin(value, USUAL_DEPTH, USUAL_VALUES, Math.min(maxChars, USUAL_CHARS))) return true;
  // If a small value is unsafe, a second walk would come to the same place.
  return isTooLarge && isWithin(value, Number.POSITIVE_INFINITY, MAX_VALUES, maxChars);
}

function isWithin(value: unknown, depth: number, values: number, chars: number): boolean {
  valuesLeft = values;
  charsLeft = chars;
  isTooLarge = false;
  try {
    return isSafe(value, depth);
  } catch {
    return false;
  }
}

function isSafe(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      charsLeft -= value.length;
      return charsLeft >= 0 || tooLarge();
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || areSafe(value, depth);
    default:
      return false;
  }
}

/** @param depth how many levels it may have */
function areSafe(value: object, depth: number): boolean {
  if (depth <= 0) return tooLarge();
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  return Array.isArray(value)
    ? areItemsSafe(value, depth - 1)
    : areFieldsSafe(value as Record<string, unknown>, depth - 1);
}

/** By index, because an application may have changed how an array is iterated. */
function areItemsSafe(items: readonly unknown[], depth: number): boolean {
  valuesLeft -= items.length;
  charsLeft -= 2 * items.length;
  if (valuesLeft < 0 || charsLeft < 0) return tooLarge();
  for (let at = 0; at < items.length; at += 1) if (!isSafe(items[at], depth)) return false;
  return true;
}

function areFieldsSafe(fields: Record<string, unknown>, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null && !isObjectPrototype(prototype as object)) return false;
  for (const name in fields) {
    valuesLeft -= 1;
    charsLeft -= name.length;
    if (valuesLeft < 0 || charsLeft < 0) return tooLarge();
    if (!isSafe(fields[name], depth)) return false;
  }
  return true;
}

/** Whether it is the `Object.prototype` of another realm, such as that of a vm context. */
function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function tooLarge(): false {
  isTooLarge = true;
  return false;
}
