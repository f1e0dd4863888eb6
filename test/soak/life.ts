// One application of the soak, through all its lives: started, killed or ended, started again under the same name.
//
// Takes: what it logs by, and where. Gives: what each life said it had written and how it ended; its memory,
// descriptors and loop delay over time. Keeps: the running child. Never: guesses what was written after the last word
// of a life that was killed; that may or may not be in the ledger.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild, type StartedChild, startChild } from '../support/child';
import type { Plan } from './application';

export interface Life {
  readonly from: number;
  /** The last record it said it had written, and when it said what. */
  readonly words: { readonly n: number; readonly atMs: number }[];
  endedBy: 'kill' | 'exit' | undefined;
  endedAtMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly descriptors: number;
}

const application = join(__dirname, 'application.js');
const LIFE_RECORDS = 10_000_000;

export class Lives {
  readonly lives: Life[] = [];
  readonly samples: Sample[] = [];
  readonly loopDelaysMs: number[] = [];
  readonly instance: string;
  readonly #plan: Omit<Plan, 'from'>;
  readonly #env: Record<string, string>;
  #child: StartedChild | undefined;
  stderr = '';

  constructor(plan: Omit<Plan, 'from'>, env: Record<string, string>) {
    this.instance = plan.instance;
    this.#plan = plan;
    this.#env = env;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const life: Life = { from: this.lives.length * LIFE_RECORDS, words: [], endedBy: undefined, endedAtMs: 0 };
    this.lives.push(life);
    const plan: Plan = { ...this.#plan, from: life.from };
    this.#child = startChild(application, {
      args: [JSON.stringify(plan)],
      env: this.#env,
      timeoutMs: 24 * 3_600_000,
      onLine: (line) => this.#hear(life, line),
    });
  }

  /** Ends the life that runs: at once, or as a service is ended. */
  async end(how: 'kill' | 'exit'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const life = this.lives.at(-1)!;
    // A signal that comes before there is a handler for it is a kill.
    if (how === 'exit') await child.line('written');
    life.endedBy = how;
    life.endedAtMs = performance.now();
    child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
    const { code, stderr } = await child.ended;
    this.stderr += stderr;
    if (how === 'exit' && code !== 0) throw new Error(`${this.instance} ended with ${code}: ${stderr}`);
  }

  /** A life without words, for what the others have left on disk. In its own thread: it ends when all is delivered. */
  async comeBack(): Promise<void> {
    const plan: Plan = { ...this.#plan, by: 'core', recordsPerSecond: 0, from: 0 };
    const { code, stderr } = await runChild(application, { args: [JSON.stringify(plan)], env: this.#env });
    if (code !== 0) throw new Error(`${this.instance} came back and ended with ${code}: ${stderr}`);
  }

  sample(): void {
    if (this.#child === undefined) return;
    const proc = `/proc/${this.#child.pid}`;
    try {
      const rssKiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1] ?? 0);
      const descriptors = readdirSync(`${proc}/fd`).length;
      this.samples.push({ atMs: performance.now(), rssBytes: rssKiB * 1024, descriptors });
    } catch {
      // It ended in this moment; there is nothing to measure.
    }
  }

  #hear(life: Life, line: string): void {
    const said = JSON.parse(line) as { written?: number; loopDelayMs?: number };
    if (said.loopDelayMs !== undefined) this.loopDelaysMs.push(said.loopDelayMs);
    if (said.written === undefined) return;
    const last = life.words.at(-1);
    const atMs = performance.now();
    // One word a tenth of a second is enough to know what was written when.
    if (last !== undefined && atMs - last.atMs < 100)
      life.words[life.words.length - 1] = { n: said.written, atMs: last.atMs };
    else life.words.push({ n: said.written, atMs });
  }
}
