// The names inside a spool, and their meaning.
//
//   <spool.dir>/                                 the user's, with any owner and mode
//     putlogs-1/                                 ours: mode 0700, our user, no link; 1 is the version of the layout
//       <run>.owner                              which process a run is, with its heartbeat (owner-file.ts)
//       <run>.alive                              a listening socket, if the system has such sockets
//       <run>.status                             its counters, for `putlogs top` (shipper/status-file.ts)
//       <dest>.<inst>.<origin>.<owner>/          what run <origin> wrote; run <owner> holds it, or none ("free")
//         <key>-<number>.seg                     a segment of the journal of one hash key (format.ts)
//         <key>.progress                         which of its records are finished (progress.ts)
//       damaged/<dest>.<inst>.<origin>.<key>-<number>.seg
//
//   run     12 hex digits of milliseconds and 6 random ones: runs sort by age
//   dest    hash of the destination and of the body's layout; inst: hash of the instance's name
//   key     3 hex digits: which of the instance's hash keys; number: 8 hex digits, from 1

import { createHash } from 'node:crypto';

/** Our own directory inside `spool.dir`. */
export const ROOT = 'putlogs-1';
/** Damaged segments are moved here. */
export const DAMAGED = 'damaged';
/** In the place of the owner: no run holds the directory. */
export const FREE = 'free';

const RUN = '[0-9a-f]{18}';
const PART = new RegExp(`^([0-9a-f]{16})\\.([0-9a-f]{16})\\.(${RUN})\\.(${RUN}|${FREE})$`);
const OWNER_FILE = new RegExp(`^(${RUN})\\.owner$`);
const STATUS = new RegExp(`^(${RUN})\\.status$`);
const SEGMENT = /^([0-9a-f]{3})-([0-9a-f]{8})\.seg$/;
const PROGRESS = /^([0-9a-f]{3})\.progress$/;

/** The name of a directory: what one run wrote for one destination. */
export interface PartName {
  readonly destination: string;
  readonly instance: string;
  /** The run that wrote it. */
  readonly origin: string;
  /** The run that holds it now, or `FREE`. */
  readonly owner: string;
}

export function parsePart(name: string): PartName | undefined {
  const [, destination, instance, origin, owner] = PART.exec(name) ?? [];
  if (destination === undefined) return undefined;
  return { destination, instance: instance!, origin: origin!, owner: owner! };
}

export function partName({ destination, instance, origin, owner }: PartName): string {
  return `${destination}.${instance}.${origin}.${owner}`;
}

export function parseSegment(name: string): { key: number; number: number } | undefined {
  const [, key, number] = SEGMENT.exec(name) ?? [];
  return key === undefined ? undefined : { key: Number.parseInt(key, 16), number: Number.parseInt(number!, 16) };
}

export function segmentName(key: number, number: number): string {
  return `${keyName(key)}-${number.toString(16).padStart(8, '0')}.seg`;
}

/** The key of a progress file. */
export function parseProgress(name: string): number | undefined {
  const key = PROGRESS.exec(name)?.[1];
  return key === undefined ? undefined : Number.parseInt(key, 16);
}

export function progressName(key: number): string {
  return `${keyName(key)}.progress`;
}

function keyName(key: number): string {
  return key.toString(16).padStart(3, '0');
}

/** The run of an owner file. */
export function parseOwner(name: string): string | undefined {
  return OWNER_FILE.exec(name)?.[1];
}

export function ownerName(run: string): string {
  return `${run}.owner`;
}

export function socketName(run: string): string {
  return `${run}.alive`;
}

/** The run of a status file. */
export function parseStatus(name: string): string | undefined {
  return STATUS.exec(name)?.[1];
}

export function statusName(run: string): string {
  return `${run}.status`;
}

/** The part of a name that stands for a destination or an instance. */
export function nameHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
