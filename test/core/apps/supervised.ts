// An application that goes on logging while its worker threads fail. Its argument is JSON.

import { setTimeout as pause } from 'node:timers/promises';
import { startWorkerShipper } from '@putlogs/core/internal/host/host';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';

const plan = JSON.parse(process.argv[2]!) as {
  /** Records written: half of them, in so many turns of the loop, and the rest when the first worker is gone. */
  count: number;
  turns: number;
  poisonAt?: number;
  stuckMs?: number;
  /** What is called then; `at once`: everything is written, and the end comes, before any worker is gone. */
  end: 'flush' | 'close' | 'exit' | 'natural' | 'close at once' | 'exit at once';
};

async function main(): Promise<void> {
  const host = startWorkerShipper(resolveOptions({}, process.env), plan.stuckMs);
  const warnings: string[] = [];
  let gone: () => void = () => {};
  const firstGone = new Promise<void>((resolve) => {
    gone = resolve;
  });
  host.on('warning', ({ kind }) => {
    warnings.push(kind);
    if (kind === 'worker') gone();
  });
  const conserved = () => {
    const { accepted, recovered, delivered, spooled, pending, dropped } = host.stats();
    const lost = Object.values(dropped).reduce((sum, records) => sum + records, 0);
    const isNegative = [recovered, delivered, spooled, pending, ...Object.values(dropped)].some((term) => term < 0);
    if (isNegative || accepted + recovered !== delivered + spooled + pending + lost) {
      throw new Error(`not conserved: ${JSON.stringify(host.stats())}`);
    }
  };
  const polling = setInterval(conserved, 1);
  process.on('exit', () => {
    conserved();
    process.stdout.write(`${JSON.stringify({ stats: host.stats(), warnings })}\n`);
  });

  const write = async (from: number, to: number) => {
    const perTurn = Math.ceil((to - from) / plan.turns);
    for (let n = from; n < to; n += 1) {
      host.write(JSON.stringify(n === plan.poisonAt ? { n, poison: true } : { n }));
      if ((n - from) % perTurn !== perTurn - 1) continue;
      conserved();
      await pause(1);
    }
  };
  if (plan.end.endsWith('at once')) await write(0, plan.count);
  else {
    await write(0, plan.count / 2);
    await firstGone;
    // There is no worker now, and then there is a new one.
    await write(plan.count / 2, plan.count);
  }
  if (plan.end === 'flush') await host.flush();
  if (plan.end === 'flush' || plan.end.startsWith('close')) await host.close();
  clearInterval(polling);
  if (plan.end.startsWith('exit')) process.exit(3);
}

void main();
