// How far a long work is: a bar that is drawn again on a terminal, a line every now and then elsewhere.
//
// Takes: how much is done of how much. Gives: it to stderr, with the rate and the time that is left. Keeps: when it was
// shown last. Never: an escape code where there is no terminal (or TERM=dumb), and never anything on stdout.

import { grouped, shownSeconds } from './table';

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

  /** @param what it is, as `replaying`; `unit`, of what it is so many. */
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
    const perSecond = done / ((nowMs - this.#beganMs) / 1000);
    const left = perSecond > 0 ? `, ${shownSeconds(((total - done) / perSecond) * 1000)} left` : '';
    const figures = `${grouped(done)} of ${grouped(total)} ${this.#unit}, ${grouped(Math.round(perSecond))}/s${left}`;
    if (!this.#isDrawn) {
      process.stderr.write(`${this.#what}: ${figures}\n`);
      return;
    }
    const full = total === 0 ? 0 : Math.min(BAR_COLUMNS, Math.floor((done / total) * BAR_COLUMNS));
    process.stderr.write(`\r${this.#what} ${'━'.repeat(full)}${'─'.repeat(BAR_COLUMNS - full)} ${figures}\u001b[K`);
    this.#isOpen = true;
  }

  /** What is written next has a line of its own. */
  end(): void {
    if (this.#isOpen) process.stderr.write('\r\u001b[K');
    this.#isOpen = false;
  }

  get elapsedMs(): number {
    return performance.now() - this.#beganMs;
  }
}
