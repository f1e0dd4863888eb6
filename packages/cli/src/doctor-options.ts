// Every option as a person may see it: its value, and where that came from. No secret, wherever it was put.

import { type Explained, type Origin, optionLeaves } from '@putlogs/core/tools';

export interface ExplainedValue {
  readonly path: string;
  /** As text; `-` where there is none. */
  readonly value: string;
  readonly origin: Origin;
}

const MASK = '***';

export function explainedValues(explained: Explained): ExplainedValue[] {
  const leaves = optionLeaves();
  const secrets = leaves
    .filter(({ notes }) => notes.secret)
    .map(({ path }) => explained.valueOf(path))
    .filter((value): value is string => typeof value === 'string' && value !== '');
  return leaves.map(({ path, notes, defaultValue }) => {
    const value = explained.valueOf(path) ?? defaultValue;
    return {
      path,
      value: notes.secret && value !== undefined ? MASK : shown(value, secrets),
      origin: explained.originOf(path),
    };
  });
}

/** A secret may also stand where it does not belong, and a password in an address. */
function shown(value: unknown, secrets: readonly string[]): string {
  if (value === undefined || value === '') return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text).replace(/\/\/[^/]*@/, `//${MASK}@`);
}
