// One application of the soak, through all its lives: started, ended, and started again under the same name.
//
// What was written after the last line of a life that was cut off may or may not be in the ledger.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stats } from '@putlogs/core';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { scaledClock } from '../fault/apps/outage';
import { runChild, type StartedChild, startChild } from '../support/child';
import type { Plan } from './application';
import { type Allowed, problemsOf } from './books';
import { LIFE_RECORDS } from './records';

/**
 * `kill`: SIGKILL. `signal`: SIGINT, for which winston and the core close. `exit`: `process.exit` in a SIGTERM
 * handler.
 */
export type End = 'kill' | 'signal' | 'exit';

export interface Life {
  readonly from: number;
  /** By the clock of the phase. */
  readonly startedWallMs: number;
  /** The last record it said it had written, and when it said what. */
  readonly words: { readonly n: number; readonly atMs: number }[];
  /** Request ids of the batches whose acknowledgement it saw. */
  readonly acked: string[];
  /** By reason: records that it said it dropped, at the moment it did. */
  readonly dropped: Map<string, number>;
  readonly deadLetterFile: string;
  /** Violations of its counters. */
  readonly problems: string[];
  readings: number;
  stats: Stats | undefined;
  /** Its counters after everything, if its end ran code. */
  last: Stats | undefined;
  endedBy: End | undefined;
  /** Whether it was ended without any code of ours. */
  isCut: boolean;
  endedAtMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly descriptors: number;
}

interface Said {
  readonly written?: number;
  readonly loopDelayMs?: number;
  readonly stats?: Stats;
  readonly last?: Stats;
  readonly quiet?: Stats;
  readonly acked?: string;
  readonly dropped?: string;
  readonly records?: number;
}

const application = join(__dirname, 'application.js');
const TAP = ['--require', join(__dirname, 'tap.js')];
const DAY_MS = 24 * 3_600_000;
const MOST_PROBLEMS = 5;

export interface ShipperDeps {
  readonly env: Readonly<Record<string, string>>;
  readonly deadLetters: string;
  readonly allowed: Pick<Allowed, 'dropped'>;
}

export class Lives {
  readonly lives: Life[] = [];
  readonly samples: Sample[] = [];
  readonly loopDelaysMs: number[] = [];
  readonly instance: string;
  readonly plan: Omit<Plan, 'from'>;
  readonly #surroundings: ShipperDeps;
  #child: StartedChild | undefined;

  constructor(plan: Omit<Plan, 'from'>, surroundings: ShipperDeps) {
    this.instance = plan.instance;
    this.plan = plan;
    this.#surroundings = surroundings;
    mkdirSync(surroundings.deadLetters, { recursive: true });
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Of the last reading of its counters. */
  get spooledNow(): number {
    return this.lives.at(-1)?.stats?.spooled ?? 0;
  }

  /** The violations of counters, over all lives. */
  get problems(): string[] {
    return this.lives.flatMap(({ problems }, at) => problems.map((problem) => `life ${at}: ${problem}`));
  }

  start(): void {
    const life = this.#newLife();
    const plan: Plan = { ...this.plan, from: life.from };
    this.#child = startChild(application, {
      args: [JSON.stringify(plan)],
      nodeArgs: TAP,
      env: this.#environment(life),
      timeoutMs: DAY_MS,
      onLine: (line) => this.#hear(life, line),
    });
    const child = this.#child;
    void child.ended.then(({ code, signal, stderr }) => {
      if (life.endedBy === undefined) life.problems.push(`ended by itself, ${code ?? signal}: ${stderr.slice(-2000)}`);
    });
  }

  #newLife(): Life {
    const { scale } = this.plan;
    const life: Life = {
      startedWallMs: (scale === undefined ? systemClock : scaledClock(scale)).wallMs(),
      from: this.lives.length * LIFE_RECORDS,
      words: [],
      acked: [],
      dropped: new Map(),
      deadLetterFile: join(this.#surroundings.deadLetters, `${this.instance}-${this.lives.length}.ndjson`),
      problems: [],
      readings: 0,
      stats: undefined,
      last: undefined,
      endedBy: undefined,
      isCut: false,
      endedAtMs: 0,
    };
    this.lives.push(life);
    return life;
  }

  #environment({ deadLetterFile }: Life): Record<string, string> {
    const { env } = this.#surroundings;
    const signals: Record<string, string> = this.plan.by === 'pino' ? {} : { PUTLOGS_HANDLE_SIGNALS: 'SIGINT' };
    return { ...env, ...signals, PUTLOGS_DEAD_LETTER_FILE: deadLetterFile };
  }

  /** Ends the life that runs. */
  async end(how: End): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const life = this.lives.at(-1)!;
    // A signal that comes before there is a handler for it ends the process without any code.
    if (how !== 'kill') await begun(child);
    life.endedBy = how;
    life.isCut = how === 'kill' || (how === 'signal' && this.plan.by === 'pino');
    life.endedAtMs = performance.now();
    child.kill(how === 'kill' ? 'SIGKILL' : how === 'exit' ? 'SIGTERM' : 'SIGINT');
    const { code, signal, stderr } = await child.ended;
    keepStderr(life, stderr);
    const isExpected = how === 'exit' ? code === 0 : signal === (how === 'kill' ? 'SIGKILL' : 'SIGINT');
    if (!isExpected) life.problems.push(`ended by ${how} with ${code ?? signal}: ${stderr.slice(-2000)}`);
    if (how === 'exit' && life.last !== undefined) this.#compareWritten(life, life.last);
  }

  /** What it wrote and what its counters accepted is the same number. */
  #compareWritten(life: Life, { accepted }: Stats): void {
    const written = (life.words.at(-1)?.n ?? life.from - 1) - life.from + 1;
    if (written !== accepted) life.problems.push(`${written} records were written, and ${accepted} accepted`);
  }

  /** A life without words, for what the others have left on disk. In its own thread: it ends when all is delivered. */
  async comeBack(): Promise<Stats | undefined> {
    const life = this.#newLife();
    const plan: Plan = { ...this.plan, by: 'core', recordsPerSecond: 0, from: life.from };
    const { code, stderr } = await runChild(application, {
      args: [JSON.stringify(plan)],
      nodeArgs: TAP,
      env: this.#environment(life),
      timeoutMs: 5 * 60_000,
      onLine: (line) => this.#hear(life, line),
    });
    life.endedBy = 'exit';
    keepStderr(life, stderr);
    if (code !== 0) life.problems.push(`came back and ended with ${code}: ${stderr.slice(-2000)}`);
    return life.last;
  }

  async removeTransport(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    await begun(child);
    child.kill('SIGHUP');
  }

  /** Logs no more. Resolves when no record is pending. */
  async quiet(): Promise<void> {
    const child = this.#child!;
    await begun(child);
    child.kill('SIGUSR2');
    await Promise.race([child.line('"quiet"'), child.ended]);
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
    const said = JSON.parse(line) as Said;
    if (said.acked !== undefined) life.acked.push(said.acked);
    if (said.loopDelayMs !== undefined) this.loopDelaysMs.push(said.loopDelayMs);
    if (said.dropped !== undefined) {
      life.dropped.set(said.dropped, (life.dropped.get(said.dropped) ?? 0) + (said.records ?? 0));
    }
    const stats = said.stats ?? said.last ?? said.quiet;
    if (stats !== undefined) this.#read(life, stats);
    if (said.last !== undefined) life.last = said.last;
    if (said.written !== undefined) this.#heardWritten(life, said.written);
  }

  #read(life: Life, stats: Stats): void {
    // The application goes on logging while a signal closes its shipper.
    const refused: Allowed['refused'] = life.endedBy === 'signal' ? ['closed'] : [];
    const problems = problemsOf(stats, life.stats, { ...this.#surroundings.allowed, refused });
    if (life.problems.length < MOST_PROBLEMS) for (const problem of problems) life.problems.push(problem);
    life.stats = stats;
    life.readings += 1;
  }

  #heardWritten({ words }: Life, n: number): void {
    const last = words.at(-1);
    const atMs = performance.now();
    // One word a tenth of a second is enough to know what was written when.
    if (last !== undefined && atMs - last.atMs < 100) words[words.length - 1] = { n, atMs: last.atMs };
    else words.push({ n, atMs });
  }
}

/** For a look after a violation. */
function keepStderr({ deadLetterFile }: Life, text: string): void {
  if (text !== '') writeFileSync(deadLetterFile.replace(/ndjson$/, 'stderr'), text);
}

/** Resolves when it has its handlers, or has ended: how it ended is reported elsewhere. */
async function begun(child: StartedChild): Promise<void> {
  await Promise.race([child.line('written').catch(() => {}), child.ended]);
}
