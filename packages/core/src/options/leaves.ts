// Walks the schema: every option with its path, notes, type and default, and the name of its variable.

import { type Group, isOption, type OptionNotes } from './groups';
import { schema } from './schema';
import type { ValueType } from './value-types';

/** A leaf of the schema: one option that a user can set. */
export interface OptionLeaf {
  /** `batch.maxBytes`. */
  readonly path: string;
  readonly notes: OptionNotes;
  /** How the value is read from a text. */
  readonly kind: 'number' | 'boolean' | 'other';
  /** Undefined if the default is not a constant. */
  readonly defaultValue: unknown;
  readonly type: ValueType<unknown>;
}

/** Every option, in the order of the schema. */
export const optionLeaves: () => readonly OptionLeaf[] = once(() => leavesOf(schema, ''));

function leavesOf(group: Group, prefix: string): OptionLeaf[] {
  return Object.entries(group).flatMap(([name, entry]) => {
    const path = prefix + name;
    if (!isOption(entry)) return leavesOf(entry, `${path}.`);
    const { type, notes, defaultValue } = entry;
    const { typescript } = type;
    const kind = typescript === 'number' || typescript === 'boolean' ? typescript : 'other';
    return [{ path, notes, kind, defaultValue, type }];
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** `batch.maxBytes` becomes `PUTLOGS_BATCH_MAX_BYTES`. */
export function environmentName(path: string): string {
  return `PUTLOGS_${path
    .replaceAll('.', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}
