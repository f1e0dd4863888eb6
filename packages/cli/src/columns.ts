// Text in the columns of a terminal: its width, cut to a width, and filled up to a width.
//
// A letter is never cut in two. An emoji of several code points is one letter.

const graphemes = new Intl.Segmenter();
const INVISIBLE = /^[\p{M}\p{Cf}]/u;
/** East Asian letters, full-width forms, and what is drawn as an emoji. Terminals do not follow the whole annex. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]|\ufe0f/u;

export function widthOf(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

/** Returns up to so many columns, with an ellipsis at the end if something was cut. */
export function cut(text: string, columns: number): string {
  let kept = '';
  let beforeEllipsis = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > columns) return `${beforeEllipsis}…`;
    kept += segment;
    if (used < columns) beforeEllipsis = kept;
  }
  return kept;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

/** Returns the words in lines of at most so many columns. A longer word has a line of its own, and is cut. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(cut(word, columns));
  }
  return lines;
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return INVISIBLE.test(grapheme) ? 0 : 1;
}
