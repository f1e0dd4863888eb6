// Makes text from outside safe to show: a service's answer, an application's error, a path on the disk.
//
// Such text may have line breaks that forge a second line, or escape sequences for the terminal. It may have characters
// that reverse the order of what is shown. It may also be megabytes long.

/** Longer text is cut to this many characters (UTF-16 units). */
const MAX_OUTSIDE_CHARACTERS = 500;

/**
 * Text is cut to this many characters before it is cleaned, so that the cost is bounded. An answer has at most 64 KiB.
 */
const MAX_READ_CHARACTERS = 128 * 1024;

/** The first character of a terminal's sequence: escape, or a C1 control, which replaces escape and a letter. */
const [ESCAPE, BELL] = ['\u001b', '\u0007'];
const [CSI, STRING_END] = ['\u009b', '\u009c'];
const STRING_STARTS = '\u0090\u0098\u009d-\u009f';

/**
 * Matches control sequences (colours, the cursor), strings (titles, links) with their end, and an escape with one
 * character. If a sequence has no end, only its beginning is removed, and not the rest of the text.
 */
const SEQUENCES = new RegExp(
  [
    `(?:${ESCAPE}\\[|${CSI})[0-?]*[ -/]*[@-~]`,
    `(?:${ESCAPE}[\\]PX^_]|[${STRING_STARTS}])[^${BELL}${ESCAPE}${STRING_END}]*(?:${BELL}|${ESCAPE}\\\\|${STRING_END})`,
    `${ESCAPE}[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

/** Characters without a shape: format characters (bidi controls, zero-width, tags) and lone surrogates. */
const INVISIBLE = /[\p{Cf}\p{Cs}]/gu;

/** Line breaks, tabs and all other controls. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** Returns the text on one line, without commands for a terminal and without invisible characters. */
export function cleanText(text: string): string {
  return text.slice(0, MAX_READ_CHARACTERS).replace(SEQUENCES, '').replace(INVISIBLE, '').replace(CONTROLS, ' ').trim();
}

/** Returns the text. If it is too long, it is cut, and a mark says by how much. */
export function cutText(text: string, maxCharacters: number = MAX_OUTSIDE_CHARACTERS): string {
  if (text.length <= maxCharacters) return text;
  const unit = text.charCodeAt(maxCharacters - 1);
  const isHighSurrogate = unit >= 0xd800 && unit < 0xdc00;
  const kept = text.slice(0, isHighSurrogate ? maxCharacters - 1 : maxCharacters);
  return `${kept}…[${text.length - kept.length} more characters]`;
}

/** Returns text from outside as it may be shown: on one line, without control characters, and bounded. */
export function outsideText(text: string, maxCharacters: number = MAX_OUTSIDE_CHARACTERS): string {
  return cutText(cleanText(text), maxCharacters);
}
