// Flattens a nested object: each of its values becomes a field, named by the path to the value, as `req.headers.host`.
//
// An array stays JSON text, because its members have no names. An empty object and an object below MAX_DEPTH also stay
// JSON text.

import type { Arena } from './arena';
import { KIND, NESTED, ROW_WORDS, VALUE } from './memory-layout';

/** The number of levels, including the record's own field. With more levels a console would not be readable. */
const MAX_DEPTH = 16;

const DOT = 0x2e;
const OPENING_BRACE = 0x7b;

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

/** The rows that a Flattener reads, and the receiver of the values. A path is `path[0..pathBytes)`. */
export interface RowVisitor {
  /** Returns true if the object of that path is not flattened. */
  isWhole(path: Buffer, pathBytes: number): boolean;
  /** Returns the first row of an object's members, and the end of these rows. */
  members(row: number): { readonly first: number; readonly end: number };
  nameOf(arena: Arena, row: number): NameText;
  /** Receives a value. */
  leaf(arena: Arena, row: number, path: Buffer, pathBytes: number): void;
}

export class Flattener {
  readonly #visitor: RowVisitor;
  #path = Buffer.allocUnsafe(256);

  constructor(visitor: RowVisitor) {
    this.#visitor = visitor;
  }

  /** Reports each value of the object in `row`, which is the field `name` of the record. */
  flatten(arena: Arena, row: number, name: Uint8Array): void {
    this.#value(arena, row, this.#append(0, name, 0, name.length), 1);
  }

  #value(arena: Arena, row: number, pathBytes: number, depth: number): void {
    const isLeaf = !isObject(arena, row) || depth === MAX_DEPTH || this.#visitor.isWhole(this.#path, pathBytes);
    const members = isLeaf ? undefined : this.#visitor.members(row);
    if (members === undefined || members.first === members.end) {
      this.#visitor.leaf(arena, row, this.#path, pathBytes);
      return;
    }
    for (let member = members.first; member < members.end; member += ROW_WORDS) {
      const { bytes, from, to } = this.#visitor.nameOf(arena, member);
      this.#path[pathBytes] = DOT;
      this.#value(arena, member, this.#append(pathBytes + 1, bytes, from, to), depth + 1);
    }
  }

  /**
   * Writes the name to the path at `at`, and returns the path's new length. There is always room for a dot behind it.
   */
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
