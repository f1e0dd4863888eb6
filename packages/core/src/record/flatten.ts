// Flattening: the values of a nested object, each under the path that leads to it, such as `req.headers.host`.
//
// Arrays stay JSON text because their members have no names. So do objects deeper than MAX_DEPTH, and empty ones.

import type { Arena } from './arena';
import { KIND, NESTED, ROW_WORDS, VALUE } from './memory-layout';

/** Levels, with that of the record's own field. A console with more columns would not be readable. */
const MAX_DEPTH = 16;

const DOT = 0x2e;
const OPENING_BRACE = 0x7b;

/** Whether the value of the row is an object, and no array. */
export function isObject({ bytes, words }: Arena, row: number): boolean {
  return words[row + KIND] === NESTED && bytes[words[row + VALUE]!] === OPENING_BRACE;
}

/** A name as the bytes `bytes[from..to)`. */
export interface NameText {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** What a Flattener asks about rows, and where it reports the values. A path is `path[0..pathBytes)`. */
export interface RowVisitor {
  /** Whether the object of that path is not flattened. */
  isWhole(path: Buffer, pathBytes: number): boolean;
  /** The first row of an object's members, and the end of these rows. */
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

  /** Writes the name at `at` of the path, and returns the new length of the path. A dot always fits behind it. */
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
