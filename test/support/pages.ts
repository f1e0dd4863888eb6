// The code blocks of a page, in order, and the names of its headings in links.
//
// A block has a language, and a name if it is a file that other blocks need: "```js app.mjs".

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Block {
  readonly page: string;
  readonly line: number;
  /** The heading of the second level above it. */
  readonly section: string;
  readonly language: string;
  /** The name it is a file by; '' where it stands for itself. */
  readonly file: string;
  readonly code: string;
  /** What it prints: the block in `text` right behind it. */
  readonly printed: string | undefined;
}

export const root = join(__dirname, '../../..');

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w*)(?: (\S+))?\n(.*?)^```$(?=(?:\n\n```text\n(.*?)^```$)?)/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    section: /.*^## ([^\n]+)$/ms.exec(text.slice(0, match.index))?.[1] ?? '',
    language: match[1]!,
    file: match[2] ?? '',
    code: match[3]!,
    printed: match[4],
  }));
}

/** As GitHub makes them of headings. */
export function anchorsOf(text: string): string[] {
  const headings = text.matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
