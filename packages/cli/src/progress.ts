// Shows the progress of a long command on stderr: a bar on a terminal, else a line every two seconds.
//
// Without a terminal, or with TERM=dumb, no escape codes are written. Nothing goes to stdout.

import { grouped, shownBytes, shownSeconds } from './table';

const DRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 2000;
const BAR_COLUMNS = 30;

export class Progress {
  readonly #what: string;
  readonly #unit: string;
  readonly #isDrawn: boolean;
  readonly #beganMs = performance.now();
  #shownMs = performance.now();
  #isOpen = false;

  /** @param what `replaying`; @param unit `records`, or `bytes`, which are shown as KiB, MiB, ... */
  constructor(what: string, unit: string, isQuiet: boolean) {
    this.#what = what;
    this.#unit = unit;
    this.#isQuiet = isQuiet;
    this.#isDrawn = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  readonly #isQuiet: boolean;

  show(done: number, total: number): void {
    const nowMs = performance.now();
    if (this.#isQuiet || nowMs - this.#shownMs < (this.#isDrawn ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const amount = (count: number) => (this.#unit === 'bytes' ? shownBytes : grouped)(Math.round(count));
    const perSecond = done / ((nowMs - this.#beganMs) / 1000);
    const left = perSecond > 0 ? `, ${shownSeconds(((total - done) / perSecond) * 1000)} left` : '';
    const unit = this.#unit === 'bytes' ? '' : ` ${this.#unit}`;
    const figures = `${amount(done)} of ${amount(total)}${unit}, ${amount(perSecond)}/s${left}`;
    if (!this.#isDrawn) {
      process.stderr.write(`${this.#what}: ${figures}\n`);
      return;
    }
    const full = total === 0 ? 0 : Math.min(BAR_COLUMNS, Math.floor((done / total) * BAR_COLUMNS));
    process.stderr.write(`\r${this.#what} ${'━'.repeat(full)}${'─'.repeat(BAR_COLUMNS - full)} ${figures}\u001b[K`);
    this.#isOpen = true;
  }

  /** Clears the bar, so that the next text gets its own line. */
  end(): void {
    if (this.#isOpen) process.stderr.write('\r\u001b[K');
    this.#isOpen = false;
  }

  get elapsedMs(): number {
    return performance.now() - this.#beganMs;
  }
}
