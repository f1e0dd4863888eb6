// The journals of older runs that a queue sends before its own batches, the oldest run's first.

import type { DiskFailure } from '../spool/disk';
import type { Journal } from '../spool/journal';

export class AdoptedJournals {
  readonly #journals: Journal[] = [];
  /**
   * Finished journals with files that could not be removed. If one were opened again, all of it would be sent again.
   */
  #toRemove: Journal[] = [];
  readonly #onRemoved: (journal: Journal) => void;

  /** @param onRemoved called when no file of a finished journal is left */
  constructor(onRemoved: (journal: Journal) => void) {
    this.#onRemoved = onRemoved;
  }

  get length(): number {
    return this.#journals.length;
  }

  at(index: number): Journal | undefined {
    return this.#journals[index];
  }

  /** All journals that have files on disk. */
  get all(): readonly Journal[] {
    return [...this.#journals, ...this.#toRemove];
  }

  get hasUnfinished(): boolean {
    return this.#journals.some(({ unfinished }) => unfinished > 0);
  }

  add(journal: Journal): void {
    // Journals come mostly in order. So of ten thousand, each is added at the end without a long search.
    const before = this.#journals.findLastIndex(({ text }) => text.run <= journal.text.run);
    this.#journals.splice(before + 1, 0, journal);
  }

  /** Forgets a journal, without a change on disk. */
  forget(journal: Journal): void {
    this.#take(journal);
    this.#toRemove = this.#toRemove.filter((each) => each !== journal);
  }

  /** Removes a journal if all of it is finished. Returns whether it was. */
  removeIfFinished(journal: Journal): boolean {
    if (journal.unfinished > 0 || !journal.isRead || journal.isInUse) return false;
    if (journal.lookAgain() || !this.#take(journal)) return false;
    this.#remove(journal);
    return true;
  }

  /** Tries again to remove the files that could not be removed. */
  retryRemovals(): void {
    for (const journal of this.#toRemove.splice(0)) this.#remove(journal);
  }

  /** Writes progress that the disk has refused so far. Returns the failures of this try. */
  retryProgress(): (DiskFailure | undefined)[] {
    return this.#journals.map((journal) => journal.retryProgress());
  }

  close(): void {
    for (const journal of this.#journals) journal.close();
  }

  #take(journal: Journal): boolean {
    const at = this.#journals.indexOf(journal);
    if (at !== -1) this.#journals.splice(at, 1);
    return at !== -1;
  }

  #remove(journal: Journal): void {
    if (journal.remove()) this.#onRemoved(journal);
    else this.#toRemove.push(journal);
  }
}
