// Lists every option with its value and origin, for a person. Secrets are masked, also if they are in another option.

import { type Explained, type Origin, optionLeaves } from '@putlogs/core/tools';

export interface ExplainedValue {
  readonly path: string;
  /** The value as text; `-` if there is none. */
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

/** A secret may be in another option by mistake, and a password may be in an address. */
function shown(value: unknown, secrets: readonly string[]): string {
  if (value === undefined || value === '') return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text).replace(/\/\/[^/]*@/, `//${MASK}@`);
}
