// The application's `transform`: a function that receives each record before it is shipped.
//
// It returns the record to ship, or null or undefined to filter the record out. It must not return a promise. If it
// fails, the record is sent unchanged, so it is not a safe place to remove secrets.
//
// If a record has two fields of its time's name, the function receives the later one, which is the application's. The
// first one stays the time of the record.
//
// A line that is much longer than a record may be is shortened before (long-line.ts), so that its length does not
// decide how much memory a call needs.
//
// For each record it costs a JSON.parse, its own time and a JSON.stringify (scripts/transform-cost.mjs). A whole number
// above 2^53 loses digits. The options `rename` and `omit` have none of these costs.

import { createRequire } from 'node:module';
import { messageOf, transformNotAFunction, transformNotLoaded } from '../errors';
import { defaultExportOf } from '../runtime/default-export';
import { hiddenTime } from './first-time';
import { OPENING_BRACE } from './json-scan';
import { LINE_LIMIT, shortenLine } from './long-line';
import type { LogLayout } from './types';

export type Transformed =
  | { readonly kind: 'record'; readonly bytes: Buffer; readonly isCut: boolean }
  /** The line is not a JSON object. */
  | { readonly kind: 'unchanged' }
  /** The function returned null or undefined. */
  | { readonly kind: 'filtered' }
  | { readonly kind: 'failed'; readonly problem: string };

export type Transform = (line: Buffer, start: number, end: number) => Transformed;

const UNCHANGED: Transformed = { kind: 'unchanged' };
const FILTERED: Transformed = { kind: 'filtered' };

/**
 * Loads the function that is the default export of a module.
 * @param path an absolute path of a CommonJS module, or of an ES module without a top-level `await`
 * @param layout how long a record may be
 * @param timeKeys the names of time fields
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded, or exports no function
 */
export function loadTransform(path: string, layout: LogLayout, timeKeys: readonly string[]): Transform {
  const transform = functionOf(path);
  return (whole, from, to) => {
    if (whole[from] !== OPENING_BRACE) return UNCHANGED;
    let [line, start, end, isCut] = [whole, from, to, false];
    if (to - from > LINE_LIMIT * layout.maxLogBytes) {
      // The values in an object are shortened one by one, so that the function still receives an object.
      const short = shortenLine(whole, from, to, layout, true);
      if (short === undefined) return UNCHANGED;
      [line, start, end, isCut] = [short.bytes, 0, short.bytes.length, short.isCut];
    }
    let record: unknown;
    try {
      record = JSON.parse(line.toString('utf8', start, end));
    } catch {
      return UNCHANGED;
    }
    const time = hiddenTime(line, start, end, timeKeys);
    try {
      const returned = transform(record);
      if (returned === undefined || returned === null) return FILTERED;
      if (typeof returned !== 'object' || Array.isArray(returned) || returned instanceof Promise) {
        return { kind: 'failed', problem: `it returned ${returned instanceof Promise ? 'a promise' : 'no object'}` };
      }
      const text = JSON.stringify(returned);
      return { kind: 'record', bytes: Buffer.from(withField(time, text)), isCut };
    } catch (error) {
      return { kind: 'failed', problem: messageOf(error) };
    }
  };
}

/** Puts a field in front of those of an object. */
function withField(field: string, object: string): string {
  if (field === '' || !object.startsWith('{')) return object;
  return `{${field}${object === '{}' ? '' : ','}${object.slice(1)}`;
}

function functionOf(path: string): (record: unknown) => unknown {
  let loaded: unknown;
  try {
    // A bundler would replace `require`, and look for the module in the bundle.
    loaded = createRequire(path)(path);
  } catch (error) {
    throw transformNotLoaded(path, error);
  }
  const exported = defaultExportOf(loaded);
  if (typeof exported === 'function') return exported as (record: unknown) => unknown;
  throw transformNotAFunction(path);
}
