// Whether JSON.stringify says everything of a value, so that it can be left alone with it.
//
// Takes: a value, whatever it is. Gives: yes, or that it must be looked at piece by piece. Keeps: nothing between
// calls. Never: throws; goes round in a cycle, or through a large graph: what is deeper or larger than a record usually
// is counts as no, and so does what throws when it is read.
//
// It asks of each value what `plainOf` would change: an error, a map, bytes, a number JSON has no word for. A replacer
// does the same, but the engine then leaves its fast way for every property, which costs more than this walk and the
// writing together.

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
  // A class may have a `toJSON`, and a Map or a Date is one.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const name in value) {
    valuesLeft -= 1;
    if (valuesLeft < 0 || !isSafe((value as Record<string, unknown>)[name], depth)) return false;
  }
  return true;
}
