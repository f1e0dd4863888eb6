// The application's `transform`: a function that receives each record before it is shipped.
//
// It returns the record to ship, or null or undefined to filter the record out. It must not return a promise. If it
// fails, the record is sent unchanged, so it is not a safe place to remove secrets.
//
// For each record it costs a JSON.parse, its own time and a JSON.stringify (scripts/transform-cost.mjs). A whole number
// above 2^53 loses digits. The options `rename` and `omit` have none of these costs.

import { createRequire } from 'node:module';
import { messageOf, transformNotAFunction, transformNotLoaded } from '../errors';
import { defaultExportOf } from '../runtime/default-export';

export type Transformed =
  | { readonly kind: 'record'; readonly bytes: Buffer }
  /** The line is not a JSON object. */
  | { readonly kind: 'unchanged' }
  /** The function returned null or undefined. */
  | { readonly kind: 'filtered' }
  | { readonly kind: 'failed'; readonly problem: string };

export type Transform = (line: Buffer, start: number, end: number) => Transformed;

const UNCHANGED: Transformed = { kind: 'unchanged' };
const FILTERED: Transformed = { kind: 'filtered' };
const OPENING_BRACE = 0x7b;

/**
 * Loads the function that is the default export of a module.
 * @param path an absolute path of a CommonJS module, or of an ES module without a top-level `await`
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded, or exports no function
 */
export function loadTransform(path: string): Transform {
  const transform = functionOf(path);
  return (line, start, end) => {
    if (line[start] !== OPENING_BRACE) return UNCHANGED;
    let record: unknown;
    try {
      record = JSON.parse(line.toString('utf8', start, end));
    } catch {
      return UNCHANGED;
    }
    try {
      const returned = transform(record);
      if (returned === undefined || returned === null) return FILTERED;
      if (typeof returned !== 'object' || Array.isArray(returned) || returned instanceof Promise) {
        return { kind: 'failed', problem: `it returned ${returned instanceof Promise ? 'a promise' : 'no object'}` };
      }
      return { kind: 'record', bytes: Buffer.from(JSON.stringify(returned)) };
    } catch (error) {
      return { kind: 'failed', problem: messageOf(error) };
    }
  };
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
