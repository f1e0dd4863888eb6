// The bytes of one file of the virtual disk: what processes see, and what a power loss would leave.
//
// A file is a list of pages of 4 KiB. A page that was never written is a hole: it reads as zeros and takes no space.
// The platter has a list of its own. Both lists share their pages until one is written again, so a sync costs the pages
// written since the last one, and a clone costs no bytes.

import { below, type Random } from './seeded-random';

export const PAGE_BYTES = 4096;
/** A disk writes a sector whole or not at all. */
const SECTOR_BYTES = 512;

interface Page {
  readonly bytes: Buffer;
  /** Only the file of the same generation may write into the page; all others copy it first. */
  readonly generation: number;
}

type Pages = (Page | undefined)[];

let lastGeneration = 0;

export class VirtualFile {
  #pages: Pages = [];
  #bytes = 0;
  #platter: Pages = [];
  #platterBytes = 0;
  /** Pages to be written to the platter by the next sync. */
  readonly #dirty = new Set<number>();
  #generation = ++lastGeneration;
  #allocatedPages = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get allocatedPages(): number {
    return this.#allocatedPages;
  }

  /** How many of `bytes` can be written from `at` on if only `freePages` can be allocated. */
  writableBytes(at: number, bytes: number, freePages: number): number {
    let free = freePages;
    for (let i = Math.floor(at / PAGE_BYTES); i * PAGE_BYTES < at + bytes; i += 1) {
      if (this.#pages[i] !== undefined) continue;
      if (free === 0) return Math.max(0, i * PAGE_BYTES - at);
      free -= 1;
    }
    return bytes;
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const i = Math.floor((at + done) / PAGE_BYTES);
      const from = at + done - i * PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - from, bytes.length - done);
      this.#ownPage(i).set(bytes.subarray(done, done + count), from);
      done += count;
    }
    if (bytes.length > 0) this.#bytes = Math.max(this.#bytes, at + bytes.length);
  }

  /** Returns how many bytes were read: fewer than asked for only at the end of the file. */
  read(at: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.#bytes - at));
    for (let done = 0; done < count; ) {
      const i = Math.floor((at + done) / PAGE_BYTES);
      const from = at + done - i * PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - from, count - done);
      const page = this.#pages[i];
      if (page === undefined) into.fill(0, done, done + part);
      else into.set(page.bytes.subarray(from, from + part), done);
      done += part;
    }
    return count;
  }

  content(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#bytes);
    this.read(0, bytes);
    return bytes;
  }

  truncate(bytes: number): void {
    if (bytes < this.#bytes) {
      const kept = Math.ceil(bytes / PAGE_BYTES);
      for (let i = kept; i < this.#pages.length; i += 1) {
        if (this.#pages[i] !== undefined) this.#allocatedPages -= 1;
        this.#dirty.add(i);
      }
      this.#pages.length = Math.min(this.#pages.length, kept);
      // The file may grow again over these bytes, and then they must read as zeros.
      const end = bytes % PAGE_BYTES;
      if (end > 0 && this.#pages[kept - 1] !== undefined) this.#ownPage(kept - 1).fill(0, end);
    }
    this.#bytes = bytes;
  }

  sync(): void {
    for (const i of this.#dirty) this.#platter[i] = this.#pages[i];
    this.#platter.length = this.#pages.length;
    this.#platterBytes = this.#bytes;
    this.#dirty.clear();
    this.#share();
  }

  /**
   * A sync that fails: the kernel takes the pages for written all the same, and a later sync does not write them.
   * Only a page that is written again can still reach the platter.
   */
  failSync(): void {
    this.#dirty.clear();
  }

  /** The kernel writes some pages to the platter, as it may at any time. */
  writeBack(random: Random): void {
    for (const i of [...this.#dirty]) {
      if (random() < 0.5) continue;
      this.#platter[i] = this.#pages[i];
      this.#dirty.delete(i);
      // A page of a file that was cut is gone: its place on the platter says nothing about the size.
      if (this.#pages[i] !== undefined) {
        this.#platterBytes = Math.max(this.#platterBytes, Math.min(this.#bytes, (i + 1) * PAGE_BYTES));
      }
    }
    this.#share();
  }

  /** Keeps synced bytes. Of the others, the random numbers choose the size, the pages, and the sectors of a page. */
  losePower(random: Random): void {
    const bytes = sizeAfterPowerLoss(this.#platterBytes, this.#bytes, random);
    const pages = this.#platter.slice();
    for (const i of this.#dirty) pages[i] = pageAfterPowerLoss(this.#platter[i], this.#pages[i], random);
    pages.length = Math.min(pages.length, Math.ceil(bytes / PAGE_BYTES));
    this.#share();
    this.#pages = pages;
    this.#allocatedPages = pages.reduce((sum, page) => sum + (page === undefined ? 0 : 1), 0);
    this.#bytes = bytes;
    // The bytes behind the end within the last page are no part of the file.
    const last = pages.length - 1;
    if (bytes % PAGE_BYTES > 0 && bytes > last * PAGE_BYTES && pages[last] !== undefined) {
      this.#ownPage(last).fill(0, bytes - last * PAGE_BYTES);
    }
    this.sync();
  }

  clone(): VirtualFile {
    this.#share();
    const other = new VirtualFile();
    other.#pages = this.#pages.slice();
    other.#bytes = this.#bytes;
    other.#platter = this.#platter.slice();
    other.#platterBytes = this.#platterBytes;
    for (const i of this.#dirty) other.#dirty.add(i);
    other.#allocatedPages = this.#allocatedPages;
    return other;
  }

  #share(): void {
    this.#generation = ++lastGeneration;
  }

  #ownPage(i: number): Buffer {
    this.#dirty.add(i);
    const page = this.#pages[i];
    if (page?.generation === this.#generation) return page.bytes;
    const bytes = page === undefined ? Buffer.alloc(PAGE_BYTES) : Buffer.from(page.bytes);
    if (page === undefined) this.#allocatedPages += 1;
    // A sparse array is slow to read, so the holes are written out.
    while (this.#pages.length < i) this.#pages.push(undefined);
    this.#pages[i] = { bytes, generation: this.#generation };
    return bytes;
  }
}

function sizeAfterPowerLoss(synced: number, current: number, random: Random): number {
  const choice = below(random, 3);
  if (choice === 0) return synced;
  if (choice === 1) return current;
  return Math.min(synced, current) + below(random, Math.abs(synced - current) + 1);
}

function pageAfterPowerLoss(synced: Page | undefined, current: Page | undefined, random: Random): Page | undefined {
  const choice = below(random, 3);
  if (choice === 0) return synced;
  if (choice === 1) return current;
  const bytes = Buffer.alloc(PAGE_BYTES);
  for (let at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
    const from = random() < 0.5 ? synced : current;
    from?.bytes.copy(bytes, at, at, at + SECTOR_BYTES);
  }
  return { bytes, generation: 0 };
}
