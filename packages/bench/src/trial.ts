// One run of one contender: its process is started, and its own report is combined with that of the sink.
//
// The process is always ended. It does not inherit environment variables of the measured packages. Each of its threads
// has to confirm its fence.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { contenderNamed } from './contenders';
import type { FenceLine } from './fence';
import type { Measured, Plan, Question } from './plan';
import type { Sink } from './sink-process';
import type { Arrived } from './tally';

export interface Trial {
  readonly measured: Measured;
  readonly arrived: Arrived;
  /** Addresses beyond this machine that the contender wanted to connect to. */
  readonly refused: readonly string[];
  /** Why it could not be measured. */
  readonly problem: string | null;
}

const TIMEOUT_MS = 180_000;
const FENCED = ['--require', join(__dirname, 'fence.js')];
/** Environment variables that would change what is measured, or where it is sent. */
const FOREIGN = /^(PUTLOGS_|VOLCENGINE_|ALIBABA_|OTEL_|AXIOM_|ELASTIC_|NODE_OPTIONS$|.*_PROXY$|.*_proxy$)/;

export async function runTrial(plan: Plan, sink: Sink): Promise<Trial> {
  await sink.ask('reset');
  const child = fork(join(__dirname, 'application.js'), [JSON.stringify(plan)], {
    execArgv: ['--expose-gc', ...FENCED],
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, TIMEOUT_MS);
  const said = listen(child, sink);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  process.off('exit', kill);

  // A contender that was killed may have left the sink in an outage.
  if (plan.mode === 'outage') await sink.ask('up');
  const { arrived } = await sink.ask('count');
  const { measured, refused, fencedThreads, stderr } = said;
  return { measured: measured as Measured, arrived: arrived!, refused, problem: problem() };

  function problem(): string | null {
    if (measured?.problem) return measured.problem;
    if (isLate) return `it had no result within ${TIMEOUT_MS / 1000} s`;
    if (measured === undefined)
      return `it ended without a result: ${stderr.split('\n').find((line) => line.includes('Error')) ?? ''}`;
    if (fencedThreads < (contenderNamed(plan.contender)?.isThreaded ? 2 : 1))
      return 'not all of its threads are fenced';
    if (arrived!.unreadable.bodies > 0)
      return `${arrived!.unreadable.bodies} bodies unreadable: ${arrived!.unreadable.reason}`;
    return null;
  }
}

interface Said {
  measured?: Measured;
  readonly refused: string[];
  fencedThreads: number;
  stderr: string;
}

/** Receives the messages of the child, and passes its questions on to the sink. */
function listen(child: ChildProcess, sink: Sink): Said {
  const said: Said = { refused: [], fencedThreads: 0, stderr: '' };
  child.on('message', async (message: { id: number; question: Question } | { measured: Measured }) => {
    if ('measured' in message) {
      said.measured = message.measured;
      return;
    }
    const { quietMs } = await sink.ask(message.question);
    if (child.connected) child.send({ id: message.id, quietMs });
  });
  child.stdout!.resume();
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said.stderr = (said.stderr + text).slice(-4000);
  });
  createInterface({ input: child.stdio[4] as Readable }).on('line', (line) => {
    const { refused } = JSON.parse(line) as FenceLine;
    if (refused === undefined) said.fencedThreads += 1;
    else said.refused.push(refused);
  });
  return said;
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
}
