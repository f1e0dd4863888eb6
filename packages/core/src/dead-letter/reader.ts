// Reads dead-letter files line by line. Files of any size need the memory of one chunk.
//
// A torn line, or a line that is no dead letter, is no error. It is returned without a letter.

import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import type { ReadLog } from '../protobuf/log';
import type { Refusal } from '../targets/outcome';
import { claimOf, rotatedOf } from './names';
import { identityOfDescriptor, openToRead } from './open';
import type { DeadLetterEnvelope } from './writer';

/** What a line says; see writer.ts. */
export interface DeadLetter {
  readonly time: string;
  readonly reason: Refusal;
  readonly target: Readonly<Record<string, string>>;
  readonly packId: string;
  readonly index: number;
  readonly hashKey: string;
  readonly envelope: DeadLetterEnvelope;
  readonly record: ReadLog;
  /** The encoded record in base64. */
  readonly raw: string;
}

export interface DeadLetterLine {
  /** As it is in the file, without the newline. */
  readonly text: Buffer;
  /** What it says; undefined if the line is no dead letter. */
  readonly letter: DeadLetter | undefined;
  /** Where in the file the next line begins. */
  readonly next: number;
  /** False for a last line without a newline: a writer died, or is writing it now. */
  readonly isWhole: boolean;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Yields every line from the given place on. @throws as `openToRead` */
export function* deadLettersIn(file: string, from = 0): Generator<DeadLetterLine> {
  const descriptor = openToRead(file);
  try {
    yield* linesIn(descriptor, from);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Yields every line of the older and the current file, oldest first. Lines that a replay has taken come before those of
 * the file from which it took them.
 * @throws as `openToRead`; ENOENT only if no file exists
 */
export function* allDeadLetters(file: string): Generator<DeadLetterLine> {
  const seen = new Set<string>();
  let missing: unknown;
  for (const path of [rotatedOf(file), file].flatMap((name) => [claimOf(name), name])) {
    let descriptor: number;
    try {
      descriptor = openToRead(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      missing = error;
      continue;
    }
    try {
      // A killed replay may have left one file under two names.
      const identity = identityOfDescriptor(descriptor);
      if (!seen.has(identity)) yield* linesIn(descriptor, 0);
      seen.add(identity);
    } finally {
      closeSync(descriptor);
    }
  }
  if (seen.size === 0) throw missing;
}

/** Returns the same key for all lines of one record. It has 16 characters, because there may be a million keys. */
export function keyOf({ packId, index, raw }: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([packId, index, raw]))
    .digest()
    .toString('latin1', 0, 16);
}

function* linesIn(descriptor: number, from: number): Generator<DeadLetterLine> {
  let begun: Buffer[] = [];
  let at = from;
  for (;;) {
    const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
    const chunk = bytes.subarray(0, readSync(descriptor, bytes, 0, CHUNK_BYTES, at));
    if (chunk.length === 0) break;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const text = Buffer.concat([...begun, chunk.subarray(start, end)]);
      begun = [];
      start = end + 1;
      yield { text, letter: letterIn(text), next: at + start, isWhole: true };
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
    at += chunk.length;
  }
  const text = Buffer.concat(begun);
  if (text.length > 0) yield { text, letter: letterIn(text), next: at, isWhole: false };
}

function letterIn(text: Buffer): DeadLetter | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.toString());
  } catch {
    return undefined;
  }
  const letter = value as Partial<DeadLetter> | null;
  const isOurs =
    typeof letter === 'object' &&
    typeof letter?.raw === 'string' &&
    typeof letter.hashKey === 'string' &&
    typeof letter.packId === 'string' &&
    Number.isSafeInteger(letter.index) &&
    [letter.reason, letter.target, letter.envelope, letter.record].every(
      (part) => typeof part === 'object' && part !== null,
    );
  return isOurs ? (letter as DeadLetter) : undefined;
}
