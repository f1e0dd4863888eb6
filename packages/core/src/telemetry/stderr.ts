// Writes one line to stderr, at once and without blocking.
//
// A write to a pipe blocks if nothing reads the pipe, and then the application's thread would stop because of its logs.
// How this is avoided depends on what stderr is:
//
//   file, terminal   written as usual
//   pipe             opened again through /proc with O_NONBLOCK. The flag belongs to one opening of the pipe. The
//                    opening that stderr shares with other processes does not change
//   socket, or a pipe that cannot be opened again (no /proc, or another user made it)
//                    the main thread first reads `process.stderr`. Node then sets O_NONBLOCK itself, as for each
//                    application that uses console.error. A worker thread starts after that
//
// A full pipe then refuses the line (EAGAIN). A pipe accepts a line of up to PIPE_BUF bytes as a whole, or not at all.
// An application that has called `process.stderr._handle.setBlocking(true)` on a socket has chosen to block.

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { napMs } from '../runtime/clock';

const STDERR = 2;
/** PIPE_BUF of Linux. */
const MAX_LINE_BYTES = 4096;
/** How long, and how often, a write to a full pipe is repeated at the end of a process. */
const LAST_LINE_MS = 200;
const NAP_MS = 5;

/** Windows does not define these constants. */
const { O_NONBLOCK = 0, O_WRONLY } = constants as Partial<typeof constants> & typeof constants;

/**
 * Returns whether the line was written.
 * @param isLast the process ends now, so a full pipe is tried for a moment
 */
export function writeToStderr(line: string, isLast: boolean): boolean {
  const bytes = lineBytes(line);
  for (let leftMs = isLast ? LAST_LINE_MS : 0; ; leftMs -= NAP_MS) {
    const result = tryToWrite(bytes);
    if (result !== 'full' || leftMs <= 0) return result === 'written';
    napMs(NAP_MS);
  }
}

function tryToWrite(bytes: Buffer): 'written' | 'full' | 'failed' {
  try {
    // Called with `bigint`, because the other result for a FIFO would disturb the next `require` (spool/real-fs.ts).
    const stat = fstatSync(STDERR, { bigint: true });
    if (stat.isFIFO() && writeToPipe(bytes)) return 'written';
    if (stat.isFIFO() || stat.isSocket()) setNonBlocking();
    writeSync(STDERR, bytes);
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'full' : 'failed';
  }
}

/** Returns false if the pipe cannot be opened again. @throws the system's error of the write */
function writeToPipe(bytes: Buffer): boolean {
  let pipe: number;
  try {
    pipe = openSync(`/proc/self/fd/${STDERR}`, O_WRONLY | O_NONBLOCK);
  } catch {
    return false;
  }
  // Opened for each line. If it stayed open, the pipe's reader would see no end after the application has closed
  // stderr.
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
