// Writes the fields of one record, within a bounded size.
//
// The core cuts a record that is larger than `maxRecordBytes`. So it is wasted work to copy more than that: of long
// texts and bytes only as much is read as all of them may have together.

import { types } from 'node:util';
import { commonLength } from '@putlogs/core';
import { base64Chars, cutBase64, cutText } from './cut';
import { isLargeJsonSafe } from './json-safe';
import { nameText } from './name-text';
import { writeValue } from './write-value';

/** What the texts of a record may have together, and its names, and its nested values, at the usual limit. */
export const RECORD_CHARS = 2 ** 20;
/** What a nested value may have if others have taken all. */
const SMALL_CHARS = 4096;

/** How much of a record is left. */
export interface Room {
  /** The length to which texts and bytes are cut. */
  readonly longest: number;
  nestedChars: number;
  smallChars: number;
}

/**
 * @param values all values of the record
 * @param maxChars what its texts may have together, and its nested values
 */
export function roomFor(values: readonly unknown[], maxChars: number): Room {
  let chars = 0;
  for (const value of values) chars += knownChars(value);
  const longest = chars > maxChars ? commonLength(values.map(knownChars), maxChars) : Number.POSITIVE_INFINITY;
  return { longest, nestedChars: maxChars, smallChars: maxChars };
}

/** The length of a text or of bytes, which is known before they are written. */
function knownChars(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return areBytes(value) ? base64Chars(value.byteLength) : 0;
}

function areBytes(value: unknown): value is ArrayBufferView | ArrayBufferLike {
  if (typeof value !== 'object' || value === null) return false;
  if (!types.isUint8Array(value) && !types.isDataView(value) && !types.isAnyArrayBuffer(value)) return false;
  const { toJSON } = value as { toJSON?: unknown };
  return toJSON === undefined || toJSON === Buffer.prototype.toJSON;
}

/** Returns `,"name":value`, or nothing if the value is undefined. */
export function fieldText(name: string, value: unknown, room: Room): string {
  const text = valueText(value, room);
  return text === undefined ? '' : nameText(name) + text;
}

/** Returns the JSON text of one field's value; undefined for undefined. */
function valueText(value: unknown, room: Room): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cutText(value, room.longest));
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'undefined':
      return undefined;
    default:
      if (value === null) return 'null';
      return areBytes(value) ? bytesText(value, room) : nestedText(value, room);
  }
}

function bytesText(bytes: ArrayBufferView | ArrayBufferLike, room: Room): string {
  try {
    return `"${cutBase64(bytes, room.longest)}"`;
  } catch {
    return writeValue(bytes, SMALL_CHARS) ?? 'null';
  }
}

/** The first ones have all the room. The others are whole if they are small. */
function nestedText(value: unknown, room: Room): string | undefined {
  const chars = Math.max(room.nestedChars, Math.min(SMALL_CHARS, room.smallChars));
  const text = chars > 0 ? boundedText(value, chars) : '"[Truncated]"';
  const { length } = text ?? '';
  if (room.nestedChars > SMALL_CHARS) room.nestedChars -= length;
  else room.smallChars -= length;
  return text;
}

function boundedText(value: unknown, maxChars: number): string | undefined {
  try {
    if (isLargeJsonSafe(value, maxChars)) {
      const text = JSON.stringify(value);
      if (text.length <= maxChars) return text;
    }
  } catch {
    // It is another value when it is read again.
  }
  return writeValue(value, maxChars);
}
