// Writes one line to stderr, at once and without blocking.
//
// A write to a pipe blocks if nothing reads the pipe, and the application's thread would stand still for its logs. What
// stderr is decides how to avoid that:
//
//   file, terminal   written as usual
//   pipe             opened anew through /proc with O_NONBLOCK: the flag belongs to an open file, and the file that
//                    stderr shares with other processes keeps its own
//   socket, or a pipe that cannot be opened anew (no /proc, or another user made it)
//                    in the main thread `process.stderr` is touched first. Node then sets O_NONBLOCK itself, as for any
//                    application that uses console.error. It has done so before any worker thread starts
//
// A full pipe then refuses the line (EAGAIN), and a pipe takes a line of up to PIPE_BUF bytes whole or not at all.
// An application that has called `process.stderr._handle.setBlocking(true)` on a socket has chosen to block.

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const STDERR = 2;
/** PIPE_BUF of Linux. */
const MAX_LINE_BYTES = 4096;
/** At the end of a process: how long a full pipe gets to make room, and how often it is tried. */
const LAST_LINE_MS = 200;
const NAP_MS = 5;

/** Windows has neither. */
const { O_NONBLOCK = 0, O_WRONLY } = constants as Partial<typeof constants> & typeof constants;

/**
 * Returns whether the line was written.
 * @param isLast the process ends now: a full pipe gets a moment to make room
 */
export function writeToStderr(line: string, isLast: boolean): boolean {
  const bytes = lineBytes(line);
  for (let leftMs = isLast ? LAST_LINE_MS : 0; ; leftMs -= NAP_MS) {
    const result = tryToWrite(bytes);
    if (result !== 'full' || leftMs <= 0) return result === 'written';
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NAP_MS);
  }
}

function tryToWrite(bytes: Buffer): 'written' | 'full' | 'failed' {
  try {
    // With `bigint`: the other result of a FIFO would disturb the next `require` (spool/real-fs.ts).
    const stat = fstatSync(STDERR, { bigint: true });
    if (stat.isFIFO() && writeToPipe(bytes)) return 'written';
    if (stat.isFIFO() || stat.isSocket()) setNonBlocking();
    writeSync(STDERR, bytes);
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'full' : 'failed';
  }
}

/** Returns false if the pipe cannot be opened anew. @throws the system's error of the write */
function writeToPipe(bytes: Buffer): boolean {
  let pipe: number;
  try {
    pipe = openSync(`/proc/self/fd/${STDERR}`, O_WRONLY | O_NONBLOCK);
  } catch {
    return false;
  }
  // Opened for each line: an open copy would keep the pipe's reader waiting after the application has closed stderr.
  try {
    writeSync(pipe, bytes);
    return true;
  } finally {
    closeSync(pipe);
  }
}

function setNonBlocking(): void {
  if (isMainThread) void process.stderr;
}

function lineBytes(line: string): Buffer {
  const bytes = Buffer.from(`${line}\n`);
  if (bytes.length <= MAX_LINE_BYTES) return bytes;
  const kept = bytes.toString('utf8', 0, MAX_LINE_BYTES - 8).replace(/\ufffd$/, '');
  return Buffer.from(`${kept}…\n`);
}
