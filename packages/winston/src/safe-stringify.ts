// Makes the JSON text of any value, including those that JSON.stringify refuses. It never throws.
//
// A value that cannot be written becomes "[Circular]", "[Throws: why]", "[Deep]" or "[Truncated]". 64-bit integers are
// written as digits, as pino does. Depth and number of values are bounded, because a graph of objects that refer to
// each other is a tree of any size.
import { throwsText, toJsonValue } from './to-json-value';

const MAX_DEPTH = 32;
const MAX_VALUES = 10_000;

export function safeStringify(value: unknown): string | undefined {
  const walk: Walk = { path: new Set(), valuesLeft: MAX_VALUES };
  return textOf(value, '', walk);
}

interface Walk {
  readonly path: Set<object>;
  valuesLeft: number;
}

function textOf(value: unknown, key: string, walk: Walk): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return undefined;
    case 'object':
      return value === null ? 'null' : objectText(value, key, walk);
    default: {
      const plain = toJsonValue(value, value);
      return typeof plain === 'number' ? JSON.stringify(plain) : JSON.stringify(String(plain));
    }
  }
}

function objectText(value: object, key: string, walk: Walk): string | undefined {
  if (walk.path.has(value)) return '"[Circular]"';
  if (walk.path.size >= MAX_DEPTH) return '"[Deep]"';
  if (walk.valuesLeft <= 0) return '"[Truncated]"';
  walk.valuesLeft -= 1;
  walk.path.add(value);
  try {
    let plain = toJsonValue(value, value);
    if (plain === value) plain = jsonOf(value, key);
    if (typeof plain !== 'object' || plain === null) return textOf(plain, key, walk);
    // `toJSON` may return an object that contains this value.
    if (plain !== value && walk.path.has(plain)) return '"[Circular]"';
    return Array.isArray(plain) ? arrayText(plain, walk) : fieldsText(plain as Record<string, unknown>, walk);
  } catch (error) {
    return JSON.stringify(throwsText(error));
  } finally {
    walk.path.delete(value);
  }
}

/** Returns what JSON.stringify would write: the result of `toJSON`, if there is one. */
function jsonOf(value: object, key: string): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? toJSON.call(value, key) : value;
}

function arrayText(values: readonly unknown[], walk: Walk): string {
  const texts: string[] = [];
  for (let at = 0; at < values.length; at++) {
    if (walk.valuesLeft-- <= 0) {
      texts.push('"[Truncated]"');
      break;
    }
    texts.push(readText(values as unknown as Record<string, unknown>, String(at), walk) ?? 'null');
  }
  return `[${texts.join(',')}]`;
}

function fieldsText(fields: Record<string, unknown>, walk: Walk): string {
  const texts: string[] = [];
  for (const key of Object.keys(fields)) {
    if (walk.valuesLeft-- <= 0) {
      texts.push('"[Truncated]":true');
      break;
    }
    const text = readText(fields, key, walk);
    if (text !== undefined) texts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${texts.join(',')}}`;
}

function readText(fields: Record<string, unknown>, key: string, walk: Walk): string | undefined {
  try {
    return textOf(fields[key], key, walk);
  } catch (error) {
    return JSON.stringify(throwsText(error));
  }
}
