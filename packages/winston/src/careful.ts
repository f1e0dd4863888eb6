// The JSON text of a value that JSON.stringify refuses.
//
// Takes: anything. Gives: JSON text in which only what could not be written is replaced: "[Circular]",
// "[Throws: why]", "[Deep]", "[Truncated]"; 64-bit integers as bare digits, as pino writes them.
// Keeps: the way down to the value it is at, and how many values are left.
// Never: throws, or grows without end: a graph of objects that know each other is a tree of any size.
import { plainOf, throwsText } from './plain';

const MAX_DEPTH = 32;
const MAX_VALUES = 10_000;

export function carefulText(value: unknown): string | undefined {
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
      const plain = plainOf(value, value);
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
    let plain = plainOf(value, value);
    if (plain === value) plain = jsonOf(value, key);
    if (typeof plain !== 'object' || plain === null) return textOf(plain, key, walk);
    // What toJSON gives may be an object of the way down, too.
    if (plain !== value && walk.path.has(plain)) return '"[Circular]"';
    return Array.isArray(plain) ? arrayText(plain, walk) : fieldsText(plain as Record<string, unknown>, walk);
  } catch (error) {
    return JSON.stringify(throwsText(error));
  } finally {
    walk.path.delete(value);
  }
}

/** What JSON.stringify would look at: the result of `toJSON`, if there is one. */
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
