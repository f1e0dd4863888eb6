// A function of the application's between its logger and the shipper: one record in, the record to ship out.
//
// Takes: the path of its module; then lines. Gives: the line of the record it made, or that it wants none, or why it could
// not say. Keeps: the function. Never: throws for a record, or waits: what it gives must be there when it returns.
//
// It costs a JSON.parse, its own time and a JSON.stringify for each record (scripts/transform-cost.mjs), and the digits
// of a whole number above 2^53. That is why it is not how names are changed and fields left out; and it is no place
// to hide a secret, for a record at which it fails goes out as it was.

import { createRequire } from 'node:module';
import { messageOf, PutlogsError } from '../errors';

export type Transformed =
  | { readonly kind: 'record'; readonly bytes: Buffer }
  /** A line that is no JSON object: there is nothing to give it. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'failed'; readonly problem: string };

export type Transform = (line: Buffer, start: number, end: number) => Transformed;

const UNCHANGED: Transformed = { kind: 'unchanged' };
const UNWANTED: Transformed = { kind: 'filtered' };
const OPEN = 0x7b;

/**
 * @param path absolute; a CommonJS module, or an ES module without `await` at its top.
 * @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if it cannot be loaded, or exports no function
 */
export function loadTransform(path: string): Transform {
  const make = functionOf(path);
  return (line, start, end) => {
    if (line[start] !== OPEN) return UNCHANGED;
    let record: unknown;
    try {
      record = JSON.parse(line.toString('utf8', start, end));
    } catch {
      return UNCHANGED;
    }
    try {
      const made = make(record);
      if (made === undefined || made === null) return UNWANTED;
      if (typeof made !== 'object' || Array.isArray(made) || made instanceof Promise) {
        return { kind: 'failed', problem: `it gave ${made instanceof Promise ? 'a promise' : 'no object'}` };
      }
      return { kind: 'record', bytes: Buffer.from(JSON.stringify(made)) };
    } catch (error) {
      return { kind: 'failed', problem: messageOf(error) };
    }
  };
}

function functionOf(path: string): (record: unknown) => unknown {
  let exported: unknown;
  try {
    // Not our own `require`, which a bundler would take for its own.
    exported = createRequire(path)(path);
  } catch (error) {
    throw new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs: transform: ${path} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  for (let depth = 0; depth < 2 && typeof exported === 'object' && exported !== null; depth += 1) {
    exported = (exported as { default?: unknown }).default;
  }
  if (typeof exported === 'function') return exported as (record: unknown) => unknown;
  throw new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs: transform: the default export of ${path} is not a function`);
}
