// The names within a spool, and whose they are: what directory.ts writes and survey.ts reads.
//
// Takes: names, and a directory to look into. Gives: what a name says, and whether an owner lives. Keeps: nothing. Never:
// takes a name for one of ours that is not wholly so, follows a link, or changes anything.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Disk } from './disk';
import { isAlive, type Owner } from './owner';
import { RUN_PATTERN } from './run';

/** Where damaged files are set aside. */
export const DAMAGED = 'damaged';

const PART = new RegExp(`^([0-9a-f]{8})\\.([0-9a-f]{8})\\.(${RUN_PATTERN})\\.(${RUN_PATTERN})$`);
const OWNER_FILE = new RegExp(`^(${RUN_PATTERN})\\.owner$`);
const BATCH_FILE = /^([0-9a-f]{14})-(\d{1,6})\.batch$/;
const TEMPORARY_FILE = /^[0-9a-f]{14}-\d{1,6}\.tmp$/;

/** One directory of batches. */
export interface PartName {
  /** Hashes of where its batches go, and of whose they are. */
  readonly destination: string;
  readonly instance: string;
  /** The run that wrote them, and the one that has them now. */
  readonly origin: string;
  readonly owner: string;
}

export function partNamed(name: string): PartName | undefined {
  const [, destination, instance, origin, owner] = PART.exec(name) ?? [];
  if (destination === undefined) return undefined;
  return { destination, instance: instance!, origin: origin!, owner: owner! };
}

export function batchNamed(name: string): { firstRecord: number; count: number } | undefined {
  const [, firstRecord, count] = BATCH_FILE.exec(name) ?? [];
  return firstRecord === undefined
    ? undefined
    : { firstRecord: Number.parseInt(firstRecord, 16), count: Number(count) };
}

/** What stands in the name of a part for where its batches go, and for whose they are. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** A batch that was being written. */
export function isTemporary(name: string): boolean {
  return TEMPORARY_FILE.test(name);
}

/** The run whose file this is. */
export function ownerNamed(name: string): string | undefined {
  return OWNER_FILE.exec(name)?.[1];
}

export function ownerPath(dir: string, run: string): string {
  return join(dir, `${run}.owner`);
}

/** Whether the run has its owner's file, and that says that it lives. */
export function lives(disk: Disk, dir: string, run: string, wallMs: number): boolean {
  const path = ownerPath(dir, run);
  let owner: Owner | undefined;
  let leaseMs = 0;
  let isPlain = true;
  const failure = disk.attempt(() => {
    const stat = disk.fs.lstatSync(path);
    leaseMs = stat.mtimeMs;
    isPlain = stat.isFile();
    // A pipe of that name would be waited for without end.
    if (isPlain) owner = JSON.parse(disk.fs.readFileSync(path, 'utf8')) as Owner;
  });
  if (failure?.code === 'ENOENT') return false;
  if (!isPlain) return true;
  return isAlive(owner, wallMs - leaseMs);
}
