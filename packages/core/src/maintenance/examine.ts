// Opens the directory of a spool as a transport does, and describes it. It removes each directory that it made.
//
// Otherwise the directory would belong to the user who runs the tool, and a process of another user could not use it.

import { mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, type DiskFailure, type SpoolFs } from '../spool/disk';
import { realFs } from '../spool/real-fs';
import { type FileSystemKind, fileSystemKind, openRoot } from '../spool/root';

export interface ExaminedSpool {
  readonly kind: 'spool';
  /** Our own directory, without links. */
  readonly path: string;
  /** Whether it was made for this look, and removed after it. */
  readonly isNew: boolean;
  /** -1 on Windows. */
  readonly uid: number;
  /** As 0700. */
  readonly mode: string;
  readonly fileSystem: FileSystemKind | undefined;
}

/** @param dir `spool.dir` */
export function examineSpool(dir: string): ExaminedSpool | DiskFailure {
  const made: string[] = [];
  const fs: SpoolFs = Object.assign(Object.create(realFs) as typeof realFs, {
    mkdirSync: (path: string, options: { readonly mode: number }) => {
      realFs.mkdirSync(path, options);
      made.push(path);
    },
  });
  const disk = new Disk(false, fs);
  const root = openRoot(disk, dir);
  let examined: ExaminedSpool | DiskFailure | undefined;
  if (root.kind === 'failed') examined = root;
  else {
    const { path } = root;
    const failure = disk.attempt(() => {
      rmdirSync(mkdtempSync(join(path, '.doctor-')));
      const { uid, mode } = fs.lstatSync(path);
      examined = {
        kind: 'spool',
        path,
        isNew: made.includes(path),
        uid: process.getuid === undefined ? -1 : uid,
        mode: (mode & 0o7777).toString(8).padStart(4, '0'),
        fileSystem: fileSystemKind(path),
      };
    });
    if (failure !== undefined) examined = failure;
  }
  // If a process uses a directory by now, it is not empty, and stays.
  for (const path of made.reverse()) disk.attempt(() => fs.rmdirSync(path));
  return examined!;
}
