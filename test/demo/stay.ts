// `npm run demo -- --stay`: a service and two applications that run until Ctrl-C, for a person who tries things out.
//
// An application that ends is started again after two seconds, as a supervisor would do it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type StartedChild, startChild } from '../support/child';
import { addressOf, environmentFor } from '../support/emulator';
import type { TargetUnderTest } from '../support/targets';
import { grouped } from './progress';
import type { Screen } from './screen';
import type { Service } from './service';

const INSTANCES = [
  { by: 'pino', instance: 'catalog-1' },
  { by: 'winston', instance: 'checkout-1' },
] as const;
const RESTART_MS = 2000;
const SHOW_MS = 1000;
/** Longer than anybody watches. */
const LIFETIME_MS = 24 * 3_600_000;

/** One application, over all of its processes. */
interface Staying {
  readonly by: 'pino' | 'winston';
  readonly instance: string;
  child: StartedChild;
  /** Records that its processes have logged. */
  logged: number;
  received: number;
  repeated: number;
  outOfOrder: number;
  /** The highest number that arrived. */
  last: number;
  readonly seen: Set<number>;
}

/** Runs until `isOver`. */
export async function stay(screen: Screen, service: Service, target: TargetUnderTest, isOver: () => boolean) {
  const spoolDir = mkdtempSync(join(tmpdir(), 'putlogs-demo-'));
  const env = (instance: string) =>
    environmentFor(
      addressOf(service.url),
      {
        PUTLOGS_INSTANCE: instance,
        PUTLOGS_SPOOL_DIR: spoolDir,
        PUTLOGS_SPOOL_MODE: 'always',
        PUTLOGS_LINGER_MS: '200',
      },
      target,
    );
  const start = (application: Staying) => {
    application.child = startChild(join(__dirname, 'staying-application.js'), {
      args: [application.by, `${application.logged}`],
      env: env(application.instance),
      timeoutMs: LIFETIME_MS,
      onLine: () => {
        application.logged += 1;
      },
    });
    application.child.ended.then(
      async ({ code, signal, stderr }) => {
        if (isOver()) return;
        for (const line of stderr.trim().split('\n')) if (line !== '') screen.print(`  ${application.by}: ${line}\n`);
        screen.print(`  ${application.by} ended (${signal ?? `exit code ${code}`}) and starts again in 2 s\n`);
        await pause(RESTART_MS);
        if (isOver()) return;
        start(application);
        screen.print(`  ${application.by} started, pid ${application.child.pid}\n`);
      },
      () => {},
    );
  };
  const applications = INSTANCES.map(({ by, instance }): Staying => {
    const counts = { logged: 0, received: 0, repeated: 0, outOfOrder: 0, last: -1, seen: new Set<number>() };
    return { by, instance, child: undefined as unknown as StartedChild, ...counts };
  });
  for (const application of applications) start(application);
  introduce(screen, service, spoolDir, applications);
  const printed = new Map<Staying, number>();
  let shown = '';
  while (!isOver()) {
    await service.readOn();
    for (const application of applications) {
      count(application, service);
      printWarnings(screen, application, printed);
    }
    const line = applications.map(summaryOf).join('   ');
    if (line !== shown) screen.print(`  ${new Date().toTimeString().slice(0, 8)}  ${line}\n`);
    shown = line;
    await pause(SHOW_MS);
  }
  for (const { child } of applications) child.kill('SIGTERM');
  await Promise.allSettled(applications.map(({ child }) => child.ended));
  rmSync(spoolDir, { recursive: true, force: true });
}

function count(application: Staying, service: Service): void {
  for (const { contents } of service.takeLogsOf(application.instance)) {
    const n = Number(contents.find(({ key }) => key === 'n')?.value);
    if (application.seen.has(n)) application.repeated += 1;
    else {
      application.received += 1;
      if (n < application.last) application.outOfOrder += 1;
    }
    application.seen.add(n);
    application.last = Math.max(application.last, n);
  }
}

function summaryOf({ by, logged, received, repeated, outOfOrder }: Staying): string {
  const faults = repeated + outOfOrder === 0 ? '' : `, ${repeated} twice, ${outOfOrder} out of order`;
  return `${by}: ${grouped(logged)} logged, ${grouped(received)} received${faults}`;
}

/** What the transport has written to the application's stderr since the last time. */
function printWarnings(screen: Screen, application: Staying, printed: Map<Staying, number>): void {
  const { stderr } = application.child.output();
  const from = printed.get(application) ?? 0;
  const to = stderr.lastIndexOf('\n') + 1;
  // Another process of the application begins with nothing.
  if (to < from) printed.set(application, 0);
  if (to <= from) return;
  for (const line of stderr.slice(from, to).trim().split('\n')) screen.print(`  ${application.by}: ${line}\n`);
  printed.set(application, to);
}

function introduce(screen: Screen, { url }: Service, spoolDir: string, applications: readonly Staying[]): void {
  const faults = (rules: string) => `curl -X PUT -d '${rules}' ${url}/_emulator/faults`;
  const [pino] = applications as [Staying];
  const lines = [
    `${screen.bold('putlogs')}: a service and two applications, which log ten records a second each. Ctrl-C ends them.`,
    '',
    ...applications.map(({ by, instance, child }) => `  ${by}: pid ${child.pid}, instance ${instance}`),
    `  service: ${url}   spool: ${spoolDir}`,
    '',
    screen.bold('Try this in another terminal:'),
    '',
    `  ${screen.bold('an outage')}`,
    `  ${faults('[{"status":503}]')}`,
    '    Each application warns once and goes on. "logged" grows, "received" stands still: records wait in the spool.',
    `  ${screen.bold('its end')}`,
    `  ${faults('[]')}`,
    '    Within seconds everything is received: in order, and nothing twice.',
    `  ${screen.bold('a wrong key')}`,
    `  ${faults('[{"status":403,"code":"SignatureDoesNotMatch"}]')}`,
    '    Records are held, and none is given up. The warning says what to change. End it as above.',
    `  ${screen.bold('a kill')}`,
    `  kill -9 ${pino.child.pid}`,
    '    Records of the last 0.2 s are lost. The next process first sends what this one left in the spool.',
    `  ${screen.bold('the spool')}`,
    `  node packages/cli/bin/putlogs.js spool ls --spool-dir ${spoolDir}`,
    '',
  ];
  screen.print(`${lines.join('\n')}\n`);
}
