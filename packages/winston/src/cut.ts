// Cuts a long text or long bytes before they are copied, and says in the text how much is missing.
//
// The core cuts a record that is larger than the service accepts, and ends a cut value with the same mark.

import { markOf } from '@putlogs/core';

/** Returns the text, cut between two characters if it is longer than `maxChars`. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  const isSplit = last >= 0xd800 && last <= 0xdbff;
  const kept = text.slice(0, isSplit ? maxChars - 1 : maxChars);
  return kept + markOf(Buffer.byteLength(text) - Buffer.byteLength(kept));
}

/** Returns the bytes as base64, of which at most `maxChars` characters are written. */
export function cutBase64(bytes: ArrayBufferView | ArrayBufferLike, maxChars: number): string {
  const all = ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
  const chars = base64Chars(all.length);
  if (chars <= maxChars) return all.toString('base64');
  const kept = all.toString('base64', 0, Math.floor(maxChars / 4) * 3);
  return kept + markOf(chars - kept.length);
}

/** Returns how many characters base64 needs for this many bytes. */
export function base64Chars(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
