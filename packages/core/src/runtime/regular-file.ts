// Reads a file that an option names, if it is a regular file.
//
// Opening a FIFO without a writer would block the application's thread, or one of Node's four file threads, forever. A
// device such as /dev/zero has no end. Links are followed, because Kubernetes mounts each secret as a link.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows has no such flag. */
const { O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const READ = constants.O_RDONLY | O_NONBLOCK;

export class NotRegularFile extends Error {
  constructor() {
    super('is not a regular file');
  }
}

/** @throws NotRegularFile, or the system's error */
export function readRegular(path: string): string {
  const descriptor = openSync(path, READ);
  try {
    // With `bigint`: the other result of a FIFO would disturb the next `require` (spool/real-fs.ts).
    refuseUnlessRegular(fstatSync(descriptor, { bigint: true }));
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** As `readRegular`, asynchronously. */
export async function readRegularLater(path: string): Promise<string> {
  const file = await open(path, READ);
  try {
    refuseUnlessRegular(await file.stat());
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** A directory is left to the system's own error (EISDIR), which is clearer. */
function refuseUnlessRegular(stat: { isFile(): boolean; isDirectory(): boolean }): void {
  if (!stat.isFile() && !stat.isDirectory()) throw new NotRegularFile();
}
