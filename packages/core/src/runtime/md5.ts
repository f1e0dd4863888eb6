// MD5 (RFC 1321): OpenSSL's, or our own if OpenSSL refuses it, as in FIPS mode or by a policy of the system.
//
// It protects nothing: it spreads instances over the range of hash keys, and finds a body that was damaged on its way.
// An instance must have the same hash key in every process, so its value cannot depend on how OpenSSL is configured.

import { createHash } from 'node:crypto';

/** Undefined until it was tried. */
let isInOpenSsl: boolean | undefined;

/** Whether OpenSSL computed MD5 in this process when it was asked first. */
export function opensslHasMd5(): boolean {
  if (isInOpenSsl === undefined) {
    try {
      createHash('md5');
      isInOpenSsl = true;
    } catch {
      isInOpenSsl = false;
    }
  }
  return isInOpenSsl;
}

/** Returns 32 hex digits in lower case. */
export function md5(data: string | Uint8Array): string {
  try {
    return createHash('md5').update(data).digest('hex');
  } catch {
    // It may be refused only now: `crypto.setFips` works at any time.
    return ownMd5(data);
  }
}

/** By how many bits each step rotates: four numbers for each of the four rounds. */
const ROTATIONS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Uint32Array.from({ length: 64 }, (_, step) => Math.abs(Math.sin(step + 1)) * 2 ** 32);
const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** As `md5`, without OpenSSL. */
export function ownMd5(data: string | Uint8Array): string {
  const padded = inBlocks(Buffer.from(data));
  const digest = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let from = 0; from < padded.byteLength; from += BLOCK_BYTES) addBlock(digest, padded, from);
  const hex = Buffer.alloc(16);
  for (const [word, value] of digest.entries()) hex.writeUInt32LE(value, 4 * word);
  return hex.toString('hex');
}

/** The data, a 1 bit, zeros, and the length of the data in bits. */
function inBlocks(data: Uint8Array): DataView {
  const blocks = Math.ceil((data.length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(data);
  bytes[data.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - LENGTH_BYTES, BigInt(data.length) * 8n, true);
  return view;
}

function addBlock(digest: Uint32Array, padded: DataView, from: number): void {
  let [a, b, c, d] = digest as unknown as [number, number, number, number];
  for (let step = 0; step < 64; step += 1) {
    const round = step >> 4;
    let mixed: number;
    let word: number;
    if (round === 0) {
      mixed = (b & c) | (~b & d);
      word = step;
    } else if (round === 1) {
      mixed = (d & b) | (~d & c);
      word = (5 * step + 1) & 15;
    } else if (round === 2) {
      mixed = b ^ c ^ d;
      word = (3 * step + 5) & 15;
    } else {
      mixed = c ^ (b | ~d);
      word = (7 * step) & 15;
    }
    const sum = (a + mixed + SINES[step]! + padded.getUint32(from + 4 * word, true)) | 0;
    const bits = ROTATIONS[4 * round + (step & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << bits) | (sum >>> (32 - bits)))) | 0;
  }
  // Each is stored modulo 2^32.
  digest[0]! += a;
  digest[1]! += b;
  digest[2]! += c;
  digest[3]! += d;
}
