// A nested object's values, each under the path that leads to it.
//
// Takes: the text of an object that is known to be JSON, and the name it has. Gives: for each value that is no object its
// path, `req.headers.host`, and where it stands. Keeps: one buffer for the path.
// Never: goes deeper than MAX_DEPTH; what is there stays JSON, as lists do (their members have no names).

import { closingQuote, endOfPlainString, skipSpace } from './json';
import { unescapeText } from './unescape';

/** With the name of the record's own field: a console with more columns is read by nobody. */
const MAX_DEPTH = 16;

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Told of the values, each under the path `path[0..pathBytes)`. */
export interface Visitor {
  /** Whether the object of that path is taken whole. */
  isWhole(path: Buffer, pathBytes: number): boolean;
  /** Takes the value at `at`; gives the position behind it. */
  leaf(path: Buffer, pathBytes: number, at: number): number;
}

export class Flattener {
  #path = Buffer.allocUnsafe(256);

  /** The object at `line[at]`, which ends before `end`; gives the position behind it. */
  flatten(name: Uint8Array, line: Buffer, at: number, end: number, visitor: Visitor): number {
    this.#reserve(name.length);
    this.#path.set(name);
    return this.#value(name.length, 1, line, at, end, visitor);
  }

  #value(pathBytes: number, depth: number, line: Buffer, start: number, end: number, visitor: Visitor): number {
    const isWhole = line[start] !== OPEN || depth === MAX_DEPTH || visitor.isWhole(this.#path, pathBytes);
    let at = skipSpace(line, start + 1, end);
    if (isWhole || line[at] === CLOSE) return visitor.leaf(this.#path, pathBytes, start);
    for (;;) {
      let close = endOfPlainString(line, at + 1, end);
      if (line[close] === BACKSLASH) close = closingQuote(line, close, end);
      const memberBytes = this.#append(pathBytes, line, at + 1, close);
      const colon = skipSpace(line, close + 1, end);
      at = this.#value(memberBytes, depth + 1, line, skipSpace(line, colon + 1, end), end, visitor);
      at = skipSpace(line, at, end);
      if (line[at] === CLOSE) return at + 1;
      at = skipSpace(line, at + 1, end);
    }
  }

  /** Writes a dot and the name in `line[start..end)` behind the path; gives its new length. */
  #append(pathBytes: number, line: Buffer, start: number, end: number): number {
    this.#reserve(pathBytes + 1 + end - start);
    this.#path[pathBytes] = DOT;
    return unescapeText(line, start, end, this.#path, pathBytes + 1);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#path.length) return;
    const grown = Buffer.allocUnsafe(2 * bytes);
    this.#path.copy(grown);
    this.#path = grown;
  }
}
