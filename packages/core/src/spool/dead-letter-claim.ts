// A dead-letter file in the hands of one who sends its records again.
//
// Takes: the file. Gives: the same under another name, for the time of it; then what is to stay, under the first name.
// Keeps: nothing beside the files. Never: loses a line, whenever this process or the machine dies: at any moment each line
// is in one of the files, or in two.
//
//   <file>             where refused records are written, now and meanwhile
//   <file>.replaying   what was in it
//   <file>.rest        what is to stay of that, while it is written
//
// The file is renamed, and not read where it is: a process that writes to it sees with its next record that the file is
// another one, and begins anew. What it was writing in that moment went to the renamed one, which is therefore read until
// it grows no more. What is to stay is written aside and renamed over the whole; so `.replaying` is there whole, with
// all lines or with those that stay. Last it goes back, by a link if there is no new file, else as lines at its end.
//
// Who is killed in between leaves `.replaying` behind. The next one puts it back first, and begins as ever.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = Buffer.from('\n');

export class DeadLetterClaim {
  /** What is to be read. */
  readonly path: string;
  readonly #file: string;
  readonly #restPath: string;
  #rest: number | undefined;

  /** @throws the system's error: ENOENT if there is nothing to send */
  constructor(file: string) {
    this.#file = file;
    this.path = claimOf(file);
    this.#restPath = `${file}.rest`;
    rmSync(this.#restPath, { force: true });
    if (existsSync(this.path)) this.#putBack();
    renameSync(file, this.path);
  }

  get bytes(): number {
    return statSync(this.path).size;
  }

  /** This line is to stay. @throws the system's error */
  stay(line: Buffer): void {
    this.#rest ??= openSync(this.#restPath, 'wx', 0o600);
    writeWhole(this.#rest, Buffer.concat([line, NEWLINE]));
  }

  /** All lines are to stay. @throws the system's error */
  keep(): void {
    if (this.#rest !== undefined) closeSync(this.#rest);
    this.#rest = undefined;
    rmSync(this.#restPath, { force: true });
    this.#putBack();
  }

  /** All lines have been read, and those that are to stay were named. @throws the system's error; no line is lost then */
  release(): void {
    if (this.#rest === undefined) {
      unlinkSync(this.path);
      return;
    }
    fsyncSync(this.#rest);
    closeSync(this.#rest);
    this.#rest = undefined;
    renameSync(this.#restPath, this.path);
    this.#putBack();
  }

  #putBack(): void {
    if (!this.#isLinked()) {
      try {
        linkSync(this.path, this.#file);
      } catch {
        // There is a new file; or this file system has no links.
        append(this.path, this.#file);
      }
    }
    unlinkSync(this.path);
  }

  /** Whether both names are of one file: somebody died between the link and the removal of the other name. */
  #isLinked(): boolean {
    const [one, other] = [this.path, this.#file].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
    return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
  }
}

/** Where the lines are while they are sent again. */
export function claimOf(file: string): string {
  return `${file}.replaying`;
}

function append(from: string, to: string): void {
  const source = openSync(from, 'r');
  const destination = openSync(to, 'a+', 0o600);
  try {
    // Behind a line that a crash has cut short, this is a line of its own; an empty one is none.
    writeWhole(destination, NEWLINE);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let bytes = readSync(source, chunk); bytes > 0; bytes = readSync(source, chunk)) {
      writeWhole(destination, chunk.subarray(0, bytes));
    }
    fsyncSync(destination);
  } finally {
    closeSync(source);
    closeSync(destination);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
