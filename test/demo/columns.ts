// Text in the columns of a terminal: its width, cut or filled up to a width, and without control characters.
//
// A letter is never cut in two. An emoji of several code points is one letter.

const graphemes = new Intl.Segmenter();
const INVISIBLE = /^[\p{M}\p{Cf}]/u;
// East Asian letters and full-width forms, and whatever is drawn as an emoji. Not the whole of the Unicode annex, which
// terminals do not follow to the letter either.
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]|\ufe0f/u;
// Control characters, line separators and marks of the writing direction.
const OBEYED = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export function widthOf(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

/** Up to so many columns, with an ellipsis where something was cut. */
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

/** What a terminal would obey is spelled out. */
export function printable(text: string): string {
  return text.replace(OBEYED, (char) => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return INVISIBLE.test(grapheme) ? 0 : 1;
}
