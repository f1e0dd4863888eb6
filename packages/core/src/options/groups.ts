// Options and groups of options: a type with notes and a default, the types of their values, and the check of a group.

import { isTree, type Tree } from './option-tree';
import type { Report, ValueType } from './value-types';

/** What the help, the pages and the TSDoc say about an option, and how its value is read from a text. */
export interface OptionNotes {
  /** One or two sentences. The unit follows from the option's name. */
  readonly meaning: string;
  /** How a variable or flag is read. Numbers, booleans and plain texts do not have this note. */
  readonly text?: 'list' | 'pairs' | 'number pairs';
  /** Variables of the vendor, read after ours. */
  readonly vendor?: readonly string[];
  /** The text for a default that is not a constant. */
  readonly defaultText?: string;
  readonly secret?: boolean;
}

/** `unset` options have no default: their value may be undefined. */
export interface Option<T, P extends 'set' | 'unset' = 'set' | 'unset'> {
  readonly presence: P;
  readonly type: ValueType<T>;
  readonly notes: OptionNotes;
  readonly defaultValue: T | undefined;
}

export interface Group {
  readonly [name: string]: Option<unknown> | Group;
}

type ValueOf<O> = O extends Option<infer T> ? T : O extends Group ? OutputOf<O> : never;
type IsUnset<O> = O extends { readonly presence: 'unset' } ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };

/** The checked options of a group. */
export type OutputOf<G extends Group> = Flat<
  { [K in keyof G as IsUnset<G[K]> extends true ? never : K]: ValueOf<G[K]> } & {
    [K in keyof G as IsUnset<G[K]> extends true ? K : never]?: ValueOf<G[K]> | undefined;
  }
>;

/** The options that a user may set. Each may be left out. */
export type InputOf<G extends Group> = {
  -readonly [K in keyof G]?:
    | (G[K] extends Option<infer T> ? T : G[K] extends Group ? InputOf<G[K]> : never)
    | undefined;
};

/** Declares an option with a default. */
export function withDefault<T>(type: ValueType<T>, defaultValue: T, notes: OptionNotes): Option<T, 'set'> {
  return { presence: 'set', type, notes, defaultValue };
}

/** Declares an option without a default, which the core does not require. */
export function unset<T>(type: ValueType<T>, notes: OptionNotes): Option<T, 'unset'> {
  return { presence: 'unset', type, notes, defaultValue: undefined };
}

/** Declares an option that is derived if it is not set, or else reported as missing. */
export function derived<T>(type: ValueType<T>, notes: OptionNotes): Option<T, 'set'> {
  return { presence: 'set', type, notes, defaultValue: undefined };
}

export function isOption(entry: Option<unknown> | Group): entry is Option<unknown> {
  return typeof entry['presence'] === 'string';
}

/**
 * Checks the options of a group and fills in defaults. Only options that are set or have a default are in the result.
 *
 * @param unknownName reports a name that the group does not have
 */
export function checkGroup(
  group: Group,
  value: unknown,
  report: Report,
  unknownName: (path: string) => void,
  prefix = '',
): Tree {
  const checked: Tree = {};
  if (!isTree(value)) {
    report(prefix.slice(0, -1), 'must be of type object');
    return checked;
  }
  for (const [name, entry] of Object.entries(group)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    const path = prefix + name;
    if (!isOption(entry)) {
      checked[name] = checkGroup(entry, given === undefined ? {} : given, report, unknownName, `${path}.`);
    } else if (given !== undefined) checked[name] = entry.type.check(given, path, report);
    else if (entry.defaultValue !== undefined) checked[name] = copyOf(entry.defaultValue);
  }
  for (const name of Object.keys(value)) if (!Object.hasOwn(group, name)) unknownName(prefix + name);
  return checked;
}

/** A default is plain data of one level. `structuredClone` is not there in every environment of Jest. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...value];
  return isTree(value) ? { ...value } : value;
}
