// The terminal of putlogs top: draws lines in place, reads keys, and leaves the terminal as it was.
//
// The picture is on the alternate screen, so what was on the terminal is there again at the end. Plain ANSI sequences
// are enough, also over ssh.

const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ['\u001b[H', '\u001b[K', '\u001b[J'];
/** Ctrl-C arrives as a character while the terminal sends each key at once. */
const CTRL_C = '\u0003';

export class Terminal {
  readonly #restore = () => this.close();
  readonly #listen = (keys: Buffer) => this.#typed(keys.toString());
  readonly #resized = () => this.#wake();
  #isOpen = false;
  #isQuit = false;
  #wake: () => void = () => {};

  /** Whether output can be redrawn: a terminal that knows the sequences. */
  static isUsable(): boolean {
    return process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  static hasColours(): boolean {
    return Terminal.isUsable() && (process.env['NO_COLOR'] ?? '') === '';
  }

  open(): void {
    this.#isOpen = true;
    process.on('exit', this.#restore);
    process.stdout.on('resize', this.#resized);
    process.stdout.write(ENTER);
    if (process.stdin.isTTY !== true) return;
    process.stdin.setRawMode(true).on('data', this.#listen).resume();
  }

  /** `q` or Ctrl-C was typed. */
  get isQuit(): boolean {
    return this.#isQuit;
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => line + REST_OF_LINE).join('\n');
    process.stdout.write(HOME + text + REST_OF_SCREEN);
  }

  /** Resolves after so long, or earlier if a key was typed, the size has changed, or the signal was aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.#wake = end;
      if (signal.aborted || this.#isQuit) end();
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    process.stdout.off('resize', this.#resized);
    process.stdout.write(LEAVE);
    if (process.stdin.isTTY === true) process.stdin.setRawMode(false).off('data', this.#listen).pause();
  }

  #typed(keys: string): void {
    if (!/^[qQ]/.test(keys) && !keys.includes(CTRL_C)) return;
    this.#isQuit = true;
    this.#wake();
  }
}
