// The kinds of values that an option can have.
//
// A type checks one value and reports what is wrong with it. A report never repeats the value, which may be a secret.
// It is not a validation library, because loading one took 15 ms of CPU time in the application's thread.

import { resolve } from 'node:path';
import { isTree } from './option-tree';

/** Reports a problem with the value at a path. */
export type Report = (path: string, text: string) => void;

export interface ValueType<T> {
  /** The type in TypeScript, for types.ts. */
  readonly typescript: string;
  /** The bounds of a number. */
  readonly bounds?: readonly [min: number, max: number];
  /** It is a path, which begins at the working directory of the start. */
  readonly isPath?: true;
  /** Returns the checked value; undefined after a report. */
  check(value: unknown, path: string, report: Report): T | undefined;
}

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

export function wholeNumber(min: number, max: number): ValueType<number> {
  return {
    typescript: 'number',
    bounds: [min, max],
    check: (value, path, report) => {
      const found = number().check(value, path, report);
      if (found === undefined) return undefined;
      if (!Number.isInteger(found)) return fail(path, 'must be a whole number', report);
      if (found < min) return fail(path, `must be at least ${min}`, report);
      return found > max ? fail(path, `must be at most ${max}`, report) : found;
    },
  };
}

export function number(): ValueType<number> {
  return {
    typescript: 'number',
    check: (value, path, report) =>
      typeof value === 'number' && !Number.isNaN(value) ? value : fail(path, 'must be of type number', report),
  };
}

export function boolean(): ValueType<boolean> {
  return {
    typescript: 'boolean',
    check: (value, path, report) =>
      typeof value === 'boolean' ? value : fail(path, 'must be of type boolean', report),
  };
}

/** Any text, also an empty one. */
export function string(): ValueType<string> {
  return {
    typescript: 'string',
    check: (value, path, report) => (typeof value === 'string' ? value : fail(path, 'must be of type string', report)),
  };
}

/** A text that is not empty. */
export function text(): ValueType<string> {
  return {
    typescript: 'string',
    check: (value, path, report) => {
      const found = string().check(value, path, report);
      return found === '' ? fail(path, 'must not be empty', report) : found;
    },
  };
}

/**
 * A path of a file or a directory. The checked value is absolute, so that a replaced worker and a refresh of
 * credentials use the same file, even after `process.chdir`.
 */
export function filePath(): ValueType<string> {
  return {
    typescript: 'string',
    isPath: true,
    check: (value, path, report) => {
      const found = text().check(value, path, report);
      if (found === undefined) return undefined;
      const gone = 'is a relative path, and the working directory does not exist any more; set an absolute path';
      return absolutePath(found) ?? fail(path, gone, report);
    },
  };
}

/** Returns undefined if the path is relative and the working directory was deleted. */
export function absolutePath(path: string): string | undefined {
  try {
    return resolve(path);
  } catch {
    return undefined;
  }
}

export function matching(pattern: RegExp, demand: string, type: ValueType<string> = string()): ValueType<string> {
  return {
    typescript: 'string',
    check: (value, path, report) => {
      const found = type.check(value, path, report);
      return found === undefined || pattern.test(found) ? found : fail(path, demand, report);
    },
  };
}

/** A value for a header or an address. A control character would end it, and only ASCII is allowed in it. */
export function ascii(type: ValueType<string> = string()): ValueType<string> {
  return matching(/^[\x20-\x7e]*$/, 'must be one line of printable ASCII', type);
}

export function line(): ValueType<string> {
  return matching(/^[^\p{Cc}]*$/u, 'must be one line without control characters', text());
}

export function key(): ValueType<string> {
  return ascii(text());
}

export function oneOf<const T extends string>(values: readonly T[]): ValueType<T> {
  return {
    typescript: values.map((value) => `'${value}'`).join(' | '),
    check: (value, path, report) => {
      const found = values.find((one) => one === value);
      return found ?? fail(path, `must be one of ${values.join(', ')}`, report);
    },
  };
}

export function listOf<T>(item: ValueType<T>): ValueType<T[]> {
  return {
    typescript: item.typescript.includes('|') ? `(${item.typescript})[]` : `${item.typescript}[]`,
    check: (value, path, report) => {
      if (!Array.isArray(value)) return fail(path, 'must be of type array', report);
      return value.flatMap((each, index) => item.check(each, `${path}.${index}`, report) ?? []);
    },
  };
}

/** A text, or a list of texts with at least one. */
export function textOrList(): ValueType<string | string[]> {
  return {
    typescript: 'string | string[]',
    check: (value, path, report) => {
      if (typeof value === 'string') return text().check(value, path, report);
      if (!Array.isArray(value)) return fail(path, 'must be of type string or array', report);
      return value.length === 0 ? fail(path, 'must not be empty', report) : listOf(text()).check(value, path, report);
    },
  };
}

/** An object in which the user chooses the names. */
export function recordOf<T>(item: ValueType<T>): ValueType<{ [name: string]: T }> {
  return {
    typescript: `{ [name: string]: ${item.typescript} }`,
    check: (value, path, report) => {
      if (!isTree(value)) return fail(path, 'must be of type object', report);
      const entries = Object.entries(value).flatMap(([name, each]) => {
        if (name === '') return fail(path, 'must not be empty', report) ?? [];
        const found = item.check(each, `${path}.${name}`, report);
        return found === undefined ? [] : [[name, found] as const];
      });
      return Object.fromEntries(entries);
    },
  };
}

function fail(path: string, text: string, report: Report): undefined {
  report(path, text);
}
