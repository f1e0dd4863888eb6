// A nested object's values, each under the path that leads to it.
//
// Takes: the row of an object, and the name it has. Gives: for each value that is no object its path,
// `req.headers.host`, and its row. Keeps: one buffer for the path.
// Never: goes deeper than MAX_DEPTH; what is there stays JSON, as lists do (their members have no names).

import type { Arena } from './arena';
import { KIND, NESTED, ROW_WORDS, VALUE } from './row';

/** With the name of the record's own field: a console with more columns is read by nobody. */
const MAX_DEPTH = 16;

const DOT = 0x2e;
const OPEN = 0x7b;

/** Whether the row's value is an object, and not a list. */
export function isObject({ bytes, words }: Arena, row: number): boolean {
  return words[row + KIND] === NESTED && bytes[words[row + VALUE]!] === OPEN;
}

/** Where a row's name stands. */
export interface Name {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Reads rows, and is told of the values, each under the path `path[0..pathBytes)`. */
export interface Visitor {
  /** Whether the object of that path is taken whole. */
  isWhole(path: Buffer, pathBytes: number): boolean;
  /** The rows of an object's members, the first and behind the last; nothing if there is no room for them. */
  members(arena: Arena, row: number): { readonly first: number; readonly behind: number } | undefined;
  /** Nothing if there is no room for it. */
  nameOf(arena: Arena, row: number): Name | undefined;
  /** Takes a value; false if there is no room for it. */
  leaf(arena: Arena, row: number, path: Buffer, pathBytes: number): boolean;
}

export class Flattener {
  readonly #visitor: Visitor;
  #path = Buffer.allocUnsafe(256);

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  /** False if there was no room for all of it. */
  flatten(arena: Arena, row: number, name: Uint8Array): boolean {
    return this.#value(arena, row, this.#append(0, name, 0, name.length), 1);
  }

  #value(arena: Arena, row: number, pathBytes: number, depth: number): boolean {
    const isLeaf = !isObject(arena, row) || depth === MAX_DEPTH || this.#visitor.isWhole(this.#path, pathBytes);
    if (isLeaf) return this.#visitor.leaf(arena, row, this.#path, pathBytes);
    const members = this.#visitor.members(arena, row);
    if (members === undefined) return false;
    const { first, behind } = members;
    if (first === behind) return this.#visitor.leaf(arena, row, this.#path, pathBytes);
    for (let member = first; member < behind; member += ROW_WORDS) {
      const name = this.#visitor.nameOf(arena, member);
      if (name === undefined) return false;
      this.#path[pathBytes] = DOT;
      const memberBytes = this.#append(pathBytes + 1, name.bytes, name.from, name.to);
      if (!this.#value(arena, member, memberBytes, depth + 1)) return false;
    }
    return true;
  }

  /** Writes the name at `at` of the path; gives the path's new length. There is always room for a dot behind it. */
  #append(at: number, bytes: Uint8Array, from: number, to: number): number {
    const length = at + to - from;
    if (length >= this.#path.length) {
      const grown = Buffer.allocUnsafe(2 * (length + 1));
      this.#path.copy(grown, 0, 0, at);
      this.#path = grown;
    }
    for (let i = from; i < to; i += 1) this.#path[at + i - from] = bytes[i]!;
    return length;
  }
}
