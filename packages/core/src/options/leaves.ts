// Walks the schema: every option with its path, notes, type and default, and the name of its variable.

import { type GenericSchema, getMetadata } from 'valibot';
import { schema } from './schema';
import type { OptionNotes } from './value-types';

/** A leaf of the schema: one option that a user can set. */
export interface OptionLeaf {
  /** `batch.maxBytes`. */
  readonly path: string;
  readonly notes: OptionNotes;
  /** How to read the value from a text. */
  readonly kind: 'number' | 'boolean' | 'other';
  /** `undefined` if the option has no constant default. */
  readonly defaultValue: unknown;
  /** The type that checks the value. */
  readonly type: GenericSchema;
}

/** The fields of valibot's types that the walk reads. */
type Node = GenericSchema & { entries?: Record<string, Node>; wrapped?: Node; default?: unknown };

/** Every option, in the order of the schema. */
export const optionLeaves: () => readonly OptionLeaf[] = once(() => leavesOf(schema as Node, ''));

function leavesOf(object: Node, prefix: string): OptionLeaf[] {
  return Object.entries(object.entries ?? {}).flatMap(([name, node]) => {
    const path = prefix + name;
    if (node.entries !== undefined) return leavesOf(node, `${path}.`);
    const type = node.wrapped ?? node;
    const kind = type.type === 'number' || type.type === 'boolean' ? type.type : 'other';
    return [{ path, notes: getMetadata(type) as unknown as OptionNotes, kind, defaultValue: node.default, type }];
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
