// One line for each application of the demo: how many of its records the service has.
//
// On a terminal the line is drawn again in its place. On a pipe a new line is printed from time to time.

import { padEnd, padStart } from './columns';
import type { Screen } from './screen';

const PLAIN_EVERY_MS = 2000;
const BAR_COLUMNS = 40;

export class Progress {
  readonly #screen: Screen;
  readonly #names: readonly string[];
  readonly #records: number;
  #drawn = false;
  #shownMs = performance.now();
  #shown = '';

  constructor(screen: Screen, names: readonly string[], records: number) {
    this.#screen = screen;
    this.#names = names;
    this.#records = records;
  }

  /** @param received in the order of the names. */
  show(received: readonly number[], last = false): void {
    if (this.#screen.redraws) this.#draw(received);
    else this.#tell(received, last);
  }

  #draw(received: readonly number[]): void {
    const nameColumns = this.#names.reduce((width, name) => Math.max(width, name.length), 0);
    const lines = this.#names.map((name, at) => {
      const count = received[at] ?? 0;
      const full = Math.min(BAR_COLUMNS, Math.floor((count / this.#records) * BAR_COLUMNS));
      const bar = '━'.repeat(full) + this.#screen.faint('─'.repeat(BAR_COLUMNS - full));
      return `  ${padEnd(name, nameColumns)}  ${bar}  ${padStart(grouped(count), grouped(this.#records).length)} received`;
    });
    const back = this.#drawn ? `\u001b[${lines.length}A` : '';
    this.#screen.print(`${back}${lines.map((line) => `\r${line}\u001b[K\n`).join('')}`);
    this.#drawn = true;
  }

  #tell(received: readonly number[], last: boolean): void {
    const nowMs = performance.now();
    const line = `  received: ${this.#names.map((name, at) => `${name} ${grouped(received[at] ?? 0)}`).join(', ')}\n`;
    if (line === this.#shown || (!last && nowMs - this.#shownMs < PLAIN_EVERY_MS)) return;
    this.#shownMs = nowMs;
    this.#shown = line;
    this.#screen.print(line);
  }
}

/** 12345 -> 12,345 */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
