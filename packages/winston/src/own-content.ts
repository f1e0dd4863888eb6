// Reads what an object says by other means than its fields: by `toJSON`, or as a date, a map, bytes or a boxed value.
//
// No method of a value is called here except `toJSON`, because an application may have replaced it.

import { types } from 'node:util';

/**
 * Returns what JSON.stringify would write: the result of `toJSON`, if there is one. The `toJSON` of a buffer is not
 * called, because it makes an array of millions of numbers.
 */
export function jsonOf(value: object, key: string): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' && toJSON !== Buffer.prototype.toJSON ? toJSON.call(value, key) : value;
}

/** Whether the content of an object is something else than its fields. */
export function hasOwnContent(value: object): boolean {
  if (Object.getPrototypeOf(value) === Object.prototype) return false;
  return (
    Array.isArray(value) ||
    typeof value === 'function' ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value)
  );
}

export function dateText(date: Date): string {
  const timeMs = Date.prototype.getTime.call(date);
  return Number.isNaN(timeMs) ? 'Invalid Date' : new Date(timeMs).toISOString();
}

/** The primitive of an object such as `new String('a')`, whatever its methods do. */
export function unboxed(value: object): unknown {
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value);
  return Symbol.prototype.valueOf.call(value);
}
