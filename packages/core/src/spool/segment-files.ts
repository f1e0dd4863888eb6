// The files of a journal's segments: one is open for reading. Finished ones are removed, or moved away if damaged.

import { BodyBuffers } from './body-buffers';
import type { Disk } from './disk';
import type { Segment } from './segment';
import { SegmentReader } from './segment-reader';

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #setAside: (path: string) => void;
  readonly bodies = new BodyBuffers();
  #reading: { segment: Segment; reader: SegmentReader } | undefined;
  /** Finished files that could not be removed yet. */
  #toRemove: string[] = [];

  /** @param setAside moves a finished segment with damage away */
  constructor(disk: Disk, setAside: (path: string) => void) {
    this.#disk = disk;
    this.#setAside = setAside;
  }

  /** Opens the segment's file, and closes the one before: one file is open at a time. */
  readerOf(segment: Segment): SegmentReader {
    if (this.#reading?.segment !== segment) {
      this.close();
      this.#reading = { segment, reader: new SegmentReader(this.#disk, segment.path, this.bodies) };
    }
    return this.#reading.reader;
  }

  /** Closes the open file. */
  close(): void {
    this.#reading?.reader.close();
    this.#reading = undefined;
  }

  /** All of the segment is finished. */
  release(segment: Segment): void {
    if (this.#reading?.segment === segment) this.close();
    if (segment.isDamaged) {
      this.#setAside(segment.path);
      return;
    }
    this.#toRemove.push(segment.path);
    this.removeFinished();
  }

  /** Returns whether no finished file is left. The next call tries again to remove the files that are. */
  removeFinished(): boolean {
    this.#toRemove = this.#toRemove.filter((path) => {
      const failure = this.#disk.attempt(() => this.#disk.fs.unlinkSync(path));
      return failure !== undefined && failure.code !== 'ENOENT';
    });
    return this.#toRemove.length === 0;
  }
}
