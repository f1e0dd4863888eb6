// The demo: `node demo.js [--records <n>] [--target <name>] [--stay]`. It runs a service and two applications, each in
// its own process.
//
// It prints progress, a table, what the target does not keep, and `delivered <n>/<all>` as the last line. Exit codes:
// 0 every record arrived exactly once, unchanged, in order; 1 otherwise; 2 wrong arguments; 130 Ctrl-C. The three
// processes end with it.

import { setTimeout as pause } from 'node:timers/promises';
import { APPLICATIONS, type Ending, expectedOf, startApplication } from './applications';
import { readArguments, type Wanted } from './arguments';
import { printable } from './columns';
import { grouped, Progress } from './progress';
import { type Screen, screenOf } from './screen';
import { type Service, startService } from './service';
import { stay } from './stay';
import { summaryOf } from './summary';
import { judge, promisesOf } from './verdict';

const SHARDS = 4;
const READ_EVERY_MS = 100;

/** The exit code of a signal, once there was one. */
let interruption: number | undefined;

async function main(args: readonly string[]): Promise<number> {
  const wanted = readArguments(args);
  if (typeof wanted === 'string') {
    process.stderr.write(`demo: ${printable(wanted)}\n`);
    return 2;
  }
  const { records, target, stays } = wanted;
  const screen = screenOf(process.stdout, process.env);
  const startMs = Date.now();
  const failures: string[] = [];
  let stopService = (): void => process.exit(interruption);
  onInterruption(() => stopService());
  const service = await attempt(failures, () => startService(SHARDS, target, stays));
  if (service === undefined) {
    screen.print(`${failures.join('\n')}\ndelivered 0/${records * APPLICATIONS.length}\n`);
    return 1;
  }
  if (stays) {
    // The applications end before the service, and deliver what they have left.
    stopService = () => {};
    await attempt(failures, () => stay(screen, service, target, () => interruption !== undefined));
    await service.stop();
    screen.print(failures.map((failure) => `${printable(failure)}\n`).join(''));
    return interruption ?? 1;
  }
  stopService = () => void service.stop();
  introduce(screen, service, wanted);

  const startedMs = performance.now();
  const endings = await runApplications(screen, service, wanted, startMs, failures);
  const durationMs = performance.now() - startedMs;

  const stats = failures.length === 0 ? await attempt(failures, () => service.stats()) : undefined;
  const stopped = await attempt(failures, () => service.stop());
  if (stopped !== undefined && (stopped.code !== 0 || stopped.stderr !== '')) {
    failures.push(
      `the service ended with ${stopped.signal ?? `exit code ${stopped.code}`} ${stopped.stderr}`.trimEnd(),
    );
  }

  if (interruption !== undefined) return interruption;

  const verdict = judge(expectedOf(records, startMs), service.logs, endings, target, failures);
  const problems = verdict.problems.map((problem) => `  ${printable(problem)}`);
  const lines = [
    ...summaryOf(screen, service, stats, durationMs),
    ...(problems.length === 0
      ? promisesOf(target).map((line) => `  ${line}`)
      : [`  ${screen.bold('what is wrong')}`, ...problems]),
    '',
    `delivered ${verdict.delivered}/${verdict.expected}`,
  ];
  screen.print(`${lines.join('\n')}\n`);
  return verdict.exitCode;
}

/**
 * Without the service all comes to its end: see `runApplications`. Before there is one, and at the second signal,
 * this process exits at once, and what it has started with it: see support/child.ts.
 */
function onInterruption(stop: () => void): void {
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (interruption !== undefined) process.exit(exitCode);
      interruption = exitCode;
      stop();
    });
  }
}

function introduce(screen: Screen, { url }: Service, { records, target }: Wanted): void {
  const names = APPLICATIONS.map(({ logger }) => `a ${logger}`).join(' and ');
  screen.print(`${screen.bold('putlogs')}: ${names} application, ${grouped(records)} records each\n`);
  const store = target.place['logstore'] === undefined ? 'topic' : 'Logstore';
  screen.print(screen.faint(`to putlogs-emulator at ${url}, as ${target.name}, a ${store} of ${SHARDS} shards\n`));
  screen.print('\n');
}

/** Starts both, and reads along until both have ended. */
async function runApplications(
  screen: Screen,
  service: Service,
  { records, target }: Wanted,
  startMs: number,
  failures: string[],
): Promise<Ending[]> {
  const children = APPLICATIONS.map((application) =>
    startApplication(application, service.url, target, records, startMs),
  );
  let running = true;
  const ended = Promise.allSettled(children.map((child) => child.ended)).then((results) => {
    running = false;
    return results;
  });
  const loggers = APPLICATIONS.map(({ logger }) => logger);
  const progress = new Progress(screen, loggers, records);
  await attempt(failures, async () => {
    // Once more after the last has ended: what it delivered at its end.
    for (let last = false; !last; ) {
      await Promise.race([ended, pause(READ_EVERY_MS)]);
      last = !running;
      await service.readOn();
      progress.show(
        APPLICATIONS.map(({ instance }) => service.logsOf(instance).length),
        last,
      );
    }
  });
  // Without a service to read from there is nothing to wait for.
  if (running) {
    failures.push('the applications were stopped');
    for (const child of children) child.kill('SIGKILL');
  }
  return (await ended).flatMap((result, at) => {
    const logger = loggers[at] ?? '';
    if (result.status === 'fulfilled') return [{ logger, ...result.value }];
    failures.push(`the ${logger} application: ${String(result.reason)}`);
    return [];
  });
}

async function attempt<Result>(failures: string[], step: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await step();
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

// The reader of the output has gone.
process.stdout.on('error', () => process.exit(1));

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
