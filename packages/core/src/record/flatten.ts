// Flattens a nested object: each of its values becomes a field, named by the path to the value, as `req.headers.host`.
//
// An array stays JSON text, because its members have no names. An empty object and an object below MAX_DEPTH also stay
// JSON text.

import type { Arena } from './arena';
import { OPENING_BRACE } from './json-scan';
import { KIND, NESTED, ROW_WORDS, VALUE } from './memory-layout';
import type { NameKey } from './name-key';

/** The number of levels, including the record's own field. With more levels a console would not be readable. */
export const MAX_DEPTH = 16;

/** Returns true if the value of the row is an object, not an array. */
export function isObject({ bytes, words }: Arena, row: number): boolean {
  return words[row + KIND] === NESTED && bytes[words[row + VALUE]!] === OPENING_BRACE;
}

/** A name as the bytes `bytes[from..to)`. */
export interface NameText {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** The rows that a Flattener reads, and the receiver of the values. Each has a path, which is a level of `path`. */
export interface RowVisitor {
  /** Where the path of each level is set. */
  readonly path: NameKey;
  /** Returns true if the object of that path is not flattened. */
  isWhole(level: number): boolean;
  /** Returns the first row of an object's members, and the end of these rows. */
  members(row: number): { readonly first: number; readonly end: number };
  nameOf(arena: Arena, row: number): NameText;
  /** Receives a value. */
  leaf(arena: Arena, row: number, level: number): void;
}

/** Reports each value of the object in `row`, which is the field `name` of the record. */
export function flatten(visitor: RowVisitor, arena: Arena, row: number, name: NameText): void {
  visitor.path.set(0, name.bytes, name.from, name.to);
  flattenValue(visitor, arena, row, 0);
}

function flattenValue(visitor: RowVisitor, arena: Arena, row: number, level: number): void {
  const isLeaf = !isObject(arena, row) || level === MAX_DEPTH - 1 || visitor.isWhole(level);
  const members = isLeaf ? undefined : visitor.members(row);
  if (members === undefined || members.first === members.end) {
    visitor.leaf(arena, row, level);
    return;
  }
  for (let member = members.first; member < members.end; member += ROW_WORDS) {
    const { bytes, from, to } = visitor.nameOf(arena, member);
    visitor.path.set(level + 1, bytes, from, to);
    flattenValue(visitor, arena, member, level + 1);
  }
}
