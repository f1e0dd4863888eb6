// How long values are cut: to which length, and what they end with. The adapters do the same, before they copy a value.
//
// Long values are cut to one common length, the largest with which the record fits. Shorter values stay whole. A cut
// value ends with `…[truncated N bytes]`, and no character is cut in two.

/** Matches the mark at the end of a value. Its group is the number of missing bytes. */
export const MARK = /…\[truncated(?: (\d{1,15}) bytes)?\]$/;
/** The most bytes of a mark, and of two quotes. */
export const MARK_BYTES = 48;
/** The mark of a value if it is not known how much is missing. */
export const UNNUMBERED_MARK = '…[truncated]';

/** Returns the mark of a value. @param missingBytes the bytes of its text that are missing, in UTF-8 */
export function markOf(missingBytes: number): string {
  return `…[truncated ${missingBytes} bytes]`;
}

/** Returns the largest length to which values can be cut, so that all of them have at most `room` bytes. */
export function commonLength(lengths: readonly number[], room: number): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  let left = room;
  for (const [i, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - i));
    if (length > share) return Math.max(share, 0);
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}
