// What lies in a spool, for somebody who only looks.
//
// Takes: a spool's directory. Gives: its parts with their owners and files, and what was set aside. Keeps: nothing. Never:
// changes anything, follows a link, or takes a part away from who is at work on it: what is gone since was delivered.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Disk, type DiskFailure } from './disk';
import { decodeBatch, type ReadBatch } from './file';
import { batchNamed, DAMAGED, isTemporary, lives, type PartName, partNamed, shortHash } from './layout';

export { shortHash as destinationHash };

export interface SurveyedFile {
  readonly path: string;
  readonly firstRecord: number;
  readonly count: number;
  readonly bytes: number;
}

/** The batches of one life of one instance. */
export interface SurveyedPart extends PartName {
  readonly path: string;
  /** Whether the process that has them lives. */
  readonly isOwned: boolean;
  /** In the order in which they are to be sent. */
  readonly files: readonly SurveyedFile[];
  /** Files that were being written when their process ended. */
  readonly unfinished: number;
}

export interface Survey {
  /** The oldest run's first. */
  readonly parts: readonly SurveyedPart[];
  /** Damaged files that were set aside. */
  readonly setAside: readonly { readonly path: string; readonly bytes: number }[];
}

/** @throws the system's error, of a directory that cannot be read */
export function surveySpool(dir: string, wallMs: number): Survey {
  const disk = new Disk(false);
  const parts = readdirSync(dir)
    .flatMap((name) => {
      const part = partNamed(name);
      if (part === undefined) return [];
      const path = join(dir, name);
      const names = namesIn(path);
      if (names === undefined) return [];
      const files = names.flatMap((file) => surveyFile(path, file));
      const unfinished = names.filter(isTemporary).length;
      return [{ ...part, path, isOwned: lives(disk, dir, part.owner, wallMs), files, unfinished }];
    })
    .sort((a, b) => (a.origin < b.origin ? -1 : 1));
  const setAside = (namesIn(join(dir, DAMAGED)) ?? []).flatMap((name) => {
    const path = join(dir, DAMAGED, name);
    const bytes = bytesOf(path);
    return bytes === undefined ? [] : [{ path, bytes }];
  });
  return { parts, setAside };
}

/** The batch in a file, checked as before it is sent. */
export function readSpoolFile({ path, count }: SurveyedFile): ReadBatch | DiskFailure {
  const bytes = new Disk(false).read(path);
  if (!Buffer.isBuffer(bytes)) return bytes;
  return decodeBatch(bytes, count);
}

/** Sorted; nothing of a directory that is gone, or is none. */
function namesIn(path: string): string[] | undefined {
  try {
    return lstatSync(path).isDirectory() ? readdirSync(path).sort() : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function surveyFile(directory: string, name: string): SurveyedFile[] {
  const named = batchNamed(name);
  const path = join(directory, name);
  const bytes = named === undefined ? undefined : bytesOf(path);
  return bytes === undefined ? [] : [{ path, ...named!, bytes }];
}

function bytesOf(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : undefined;
}
