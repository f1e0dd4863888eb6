// Decides whether JSON.stringify alone writes a value without losing anything.
//
// It looks for values that `toJsonValue` would change: an error, a map, bytes, NaN. A value that is deeper or larger
// than a usual record, that has a cycle, or whose reading throws counts as unsafe. A replacer could do the same, but
// with one the engine leaves its fast path for every property, which costs more than this walk and the writing
// together.

const MAX_DEPTH = 8;
const MAX_VALUES = 1000;

let valuesLeft = 0;

export function isJsonSafe(value: unknown): boolean {
  valuesLeft = MAX_VALUES;
  try {
    return isSafe(value, 0);
  } catch {
    return false;
  }
}

function isSafe(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (depth < MAX_DEPTH && areSafe(value, depth + 1));
    default:
      return false;
  }
}

function areSafe(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    valuesLeft -= value.length;
    if (valuesLeft < 0) return false;
    for (const item of value) if (!isSafe(item, depth)) return false;
    return true;
  }
  // A class may have a `toJSON`. Map and Date are classes.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const name in value) {
    valuesLeft -= 1;
    if (valuesLeft < 0 || !isSafe((value as Record<string, unknown>)[name], depth)) return false;
  }
  return true;
}
