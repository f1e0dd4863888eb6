// Text in the columns of a terminal, as putlogs top has it, and without control characters.

import { dirname, join } from 'node:path';

interface Columns {
  widthOf(text: string): number;
  cut(text: string, columns: number): string;
  padEnd(text: string, columns: number): string;
  padStart(text: string, columns: number): string;
}

const command = dirname(require.resolve('@putlogs/cli/package.json'));
export const { widthOf, cut, padEnd, padStart } = require(join(command, 'dist/columns.js')) as Columns;

// Control characters, line separators and marks of the writing direction.
const OBEYED = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What a terminal would obey is spelled out. */
export function printable(text: string): string {
  return text.replace(OBEYED, (char) => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
