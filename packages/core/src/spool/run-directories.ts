// The directories of runs in the root of a spool. Their journals are not opened here.

import { basename, join } from 'node:path';
import type { Disk, DiskFailure } from './disk';
import type { SegmentText } from './format';
import { DAMAGED, parsePart, parseProgress, parseSegment, segmentName } from './names';
import { SegmentReader } from './segment-reader';

export class RunDirectories {
  readonly root: string;
  readonly #disk: Disk;

  constructor(disk: Disk, root: string) {
    this.#disk = disk;
    this.root = root;
  }

  pathOf(name: string): string {
    return join(this.root, name);
  }

  /** Every name in the root. */
  list(): string[] | DiskFailure {
    return namesIn(this.#disk, this.root);
  }

  exists(path: string): boolean {
    const failure = this.#disk.attempt(() => this.#disk.fs.lstatSync(path));
    return failure?.code !== 'ENOENT';
  }

  /**
   * Whether the directory was deleted: no directory in the root is of the same origin. Otherwise another process has
   * renamed it, and sends its records.
   */
  isDeleted(path: string): boolean {
    const names = this.list();
    const origin = parsePart(basename(path))?.origin;
    return Array.isArray(names) && !names.some((name) => parsePart(name)?.origin === origin);
  }

  hasSegments(name: string): boolean {
    return this.#segmentsIn(this.pathOf(name)).length > 0;
  }

  /** Returns the text of the first readable segment, which has its run and its destination. */
  textIn(path: string): SegmentText | undefined {
    for (const { key, number } of this.#segmentsIn(path)) {
      const reader = new SegmentReader(this.#disk, join(path, segmentName(key, number)));
      const header = reader.header();
      reader.close();
      if (header !== undefined && !('kind' in header)) return header.text;
    }
    return undefined;
  }

  #segmentsIn(path: string): { key: number; number: number }[] {
    let names: string[] | DiskFailure = [];
    this.#disk.attempt(() => {
      // A link is never followed, because another user of the group could have made it.
      if (this.#disk.fs.lstatSync(path).isDirectory()) names = namesIn(this.#disk, path);
    });
    return Array.isArray(names) ? [...names].sort().flatMap((name) => parseSegment(name) ?? []) : [];
  }

  /**
   * Returns why the directory must not be adopted; empty if it may be. A group may write to our root, and adopted
   * records are sent with our credentials. So a link, or a directory of another user, is not adopted.
   */
  foreign(path: string): string | DiskFailure {
    let problem = '';
    const failure = this.#disk.attempt(() => {
      const stat = this.#disk.fs.lstatSync(path);
      const uid = process.getuid?.();
      if (!stat.isDirectory()) problem = 'is no directory';
      else if (uid !== undefined && stat.uid !== uid) problem = `belongs to user ${stat.uid}`;
    });
    return failure ?? problem;
  }

  /**
   * Removes a directory whose journals are finished. With a segment left it stays whole: without its progress, the next
   * process would send that segment again.
   */
  removeFinished(path: string): void {
    const names = namesIn(this.#disk, path);
    if (!Array.isArray(names) || names.some((name) => parseSegment(name) !== undefined)) return;
    for (const name of names.filter((one) => parseProgress(one) !== undefined)) {
      this.#disk.attempt(() => this.#disk.fs.unlinkSync(join(path, name)));
    }
    this.#disk.attempt(() => this.#disk.fs.rmdirSync(path));
  }

  /** Moves a finished segment with damage to `damaged/`. Its new name includes that of its directory. */
  setAside(directory: string, path: string): DiskFailure | undefined {
    const part = parsePart(basename(directory));
    const origin = part === undefined ? '' : `${part.destination}.${part.instance}.${part.origin}.`;
    const damaged = this.pathOf(DAMAGED);
    const failure = this.#disk.attempt(() => {
      this.#disk.attempt(() => this.#disk.fs.mkdirSync(damaged, { mode: 0o700 }));
      this.#disk.fs.renameSync(path, join(damaged, `${origin}${basename(path)}`));
    });
    return failure?.code === 'ENOENT' ? undefined : failure;
  }
}

export function namesIn(disk: Disk, path: string): string[] | DiskFailure {
  let names: string[] = [];
  const failure = disk.attempt(() => {
    names = disk.fs.readdirSync(path);
  });
  return failure ?? names;
}
