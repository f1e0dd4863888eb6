// The dead-letter file read again, line by line.
//
// Takes: a file of any size. Gives: each line with what it says, as far as it is one of ours. Keeps: one chunk of the file.
// Never: changes it, and never throws for a line: one that is torn or is not ours is told as such, and stays.

import { closeSync, openSync, readSync } from 'node:fs';
import type { ReadLog } from '../batch/read-log';
import type { Refusal } from '../delivery/outcome';
import type { DeadLetterEnvelope } from './dead-letter';

/** What stands in a line; see dead-letter.ts. */
export interface DeadLetter {
  readonly time: string;
  readonly reason: Refusal;
  readonly target: Readonly<Record<string, string>>;
  readonly packId: string;
  readonly hashKey: string;
  readonly envelope: DeadLetterEnvelope;
  readonly record: ReadLog;
  /** The encoded record in base64. */
  readonly raw: string;
}

export interface DeadLetterLine {
  /** As it stands in the file, without its end. */
  readonly text: Buffer;
  /** What it says; nothing if that is no dead letter. */
  readonly letter: DeadLetter | undefined;
  /** Where in the file the next line begins. */
  readonly next: number;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Every line from the given place on; an empty one is no letter. @throws the system's error */
export function* deadLettersIn(file: string, from = 0): Generator<DeadLetterLine> {
  let next = from;
  for (const text of linesIn(file, from)) {
    next += text.length + 1;
    yield { text, letter: letterIn(text), next };
  }
}

function* linesIn(file: string, from: number): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  try {
    let begun: Buffer[] = [];
    let at = from;
    for (;;) {
      const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
      const chunk = bytes.subarray(0, readSync(descriptor, bytes, 0, CHUNK_BYTES, at));
      if (chunk.length === 0) break;
      at += chunk.length;
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        yield Buffer.concat([...begun, chunk.subarray(start, end)]);
        begun = [];
        start = end + 1;
      }
      if (start < chunk.length) begun.push(chunk.subarray(start));
    }
    if (begun.length > 0) yield Buffer.concat(begun);
  } finally {
    closeSync(descriptor);
  }
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
    [letter.reason, letter.target, letter.envelope, letter.record].every(
      (part) => typeof part === 'object' && part !== null,
    );
  return isOurs ? (letter as DeadLetter) : undefined;
}
