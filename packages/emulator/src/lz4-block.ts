// Raw LZ4 blocks (no frame, no size prefix). The decoder checks all lengths, so that no block can make it leave its
// buffers.

import { compressBlock, compressBound, decompressBlock } from 'lz4js';

const MIN_MATCH_BYTES = 4;
// The end rule of the format, which the C decoder enforces: a block ends with at least five literals.
const LAST_LITERALS_BYTES = 5;
// A half of a token with this value is continued in the bytes behind it, until one of them is not 255.
const LONG = 15;

/** Returns exactly `rawBytes` bytes, or `null` if the block does not decode to this number. */
export function decodeBlock(block: Uint8Array, rawBytes: number): Buffer | null {
  // The lengths are checked before anything is allocated: a block of a few bytes may claim gigabytes.
  if (!isSound(block, rawBytes)) return null;
  const raw = Buffer.alloc(rawBytes);
  return decompressBlock(block, raw, 0, block.length, 0) === rawBytes ? raw : null;
}

const hashTable = new Uint32Array(1 << 16);

export function encodeBlock(raw: Uint8Array): Buffer {
  const target = Buffer.alloc(compressBound(raw.length));
  hashTable.fill(0);
  const blockBytes = compressBlock(raw, target, 0, raw.length, hashTable);
  return blockBytes === 0 ? literalsOnly(raw) : target.subarray(0, blockBytes);
}

// lz4js returns nothing for input without repetition. One run of literals is a valid block.
function literalsOnly(raw: Uint8Array): Buffer {
  const head: number[] = [];
  if (raw.length < 15) {
    head.push(raw.length << 4);
  } else {
    let rest = raw.length - 15;
    head.push(0xf0);
    for (; rest >= 255; rest -= 255) head.push(255);
    head.push(rest);
  }
  return Buffer.concat([Buffer.from(head), raw]);
}

// `at` stays in this function: while a closure advanced it, Node 26.10 (V8 14.6, `--function-context-cells`) called one
// of about 40 sound blocks unsound, and the next call of the same function with the same block found it sound.
function isSound(block: Uint8Array, rawBytes: number): boolean {
  let at = 0;
  let produced = 0;
  for (;;) {
    const token = block[at++];
    if (token === undefined) return false;
    const literals = lengthAt(block, at, token >> 4);
    at += extraBytes(token >> 4, literals) + literals;
    produced += literals;
    if (at > block.length || produced > rawBytes) return false;
    // Only the last sequence has no match. Every known encoder writes 0 into the match half of its token.
    if (at === block.length)
      return produced === rawBytes && (rawBytes < LAST_LITERALS_BYTES || literals >= LAST_LITERALS_BYTES);
    const low = block[at];
    const high = block[at + 1];
    if (low === undefined || high === undefined) return false;
    at += 2;
    const offset = low | (high << 8);
    if (offset === 0 || offset > produced) return false;
    const match = lengthAt(block, at, token & 15);
    at += extraBytes(token & 15, match);
    produced += match + MIN_MATCH_BYTES;
    if (produced > rawBytes) return false;
  }
}

/** The length that a half of a token begins and the bytes at `at` continue; infinite if the block ends before it. */
function lengthAt(block: Uint8Array, at: number, half: number): number {
  let length = half;
  if (half !== LONG) return length;
  for (let from = at; ; from++) {
    const next = block[from];
    if (next === undefined) return Number.POSITIVE_INFINITY;
    length += next;
    if (next !== 255) return length;
  }
}

/** How many bytes behind the token such a length takes. */
function extraBytes(half: number, length: number): number {
  return half === LONG ? Math.floor((length - LONG) / 255) + 1 : 0;
}
