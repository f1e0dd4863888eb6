// Runs all contenders, round by round. Each round begins with another contender.
//
// A figure is compared only with the floor of its own round.

import type { Settings } from './arguments';
import type { Contender } from './contender';
import { floorOf } from './contenders';
import { type FigureName, type Figures, figuresOf, type Spread, spreadOf } from './figures';
import { meanLineBytes } from './line-bytes';
import type { ModeName, Plan } from './plan';
import type { Sink } from './sink-process';
import { runTrial, type Trial } from './trial';
import { WORKLOADS, type WorkloadName } from './workloads';

export interface Row {
  readonly contender: string;
  readonly logger: Contender['logger'];
  readonly kind: Contender['kind'];
  readonly figures: Partial<Record<FigureName, Spread>>;
  /** Whether a record did not arrive. Its rate does not count as speed then. */
  readonly isLossy: boolean;
  /**
   * The share that arrived when it was ended at once, if that was not all. Its other figures are of runs with time for
   * its end.
   */
  readonly arrivedAtOnce: number | null;
  readonly refused: readonly string[];
  readonly problems: readonly string[];
}

export interface Table {
  readonly workload: WorkloadName;
  readonly mode: ModeName;
  readonly records: number;
  readonly lineBytes: number;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

export async function measure(
  { workload, mode }: Pick<Table, 'workload' | 'mode'>,
  contenders: readonly Contender[],
  settings: Settings,
  sink: Sink,
  progress: (text: string) => void,
): Promise<Table> {
  const records = Math.max(1, Math.floor(settings.records / WORKLOADS[workload].oneIn));
  const lineBytes = meanLineBytes(WORKLOADS[workload]);
  const patient = new Map<Contender, number>();
  const trials: Map<Contender, Trial>[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    const ran = new Map<Contender, Trial>();
    trials.push(ran);
    const first = (round * 5) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      progress(`${workload}, ${mode}, round ${round + 1} of ${settings.rounds}: ${contender.name}`);
      const plan: Plan = {
        contender: contender.name,
        workload,
        mode,
        records: Math.ceil(records / (contender.oneIn ?? 1)),
        lineBytes,
        recordsPerSecond: settings.recordsPerSecond,
        port: sink.port,
        isPatient: patient.has(contender),
      };
      let trial = await runTrial(plan, sink);
      if (!plan.isPatient && lostAtItsEnd(contender, mode, trial)) {
        patient.set(contender, trial.arrived.records / trial.measured.logged);
        progress(`${contender.name}: lost records when it was ended at once; it runs again, with time for its end`);
        trial = await runTrial({ ...plan, isPatient: true }, sink);
      }
      ran.set(contender, trial);
    }
  }
  const rows = contenders.map((contender) => rowOf(contender, contenders, trials, patient.get(contender) ?? null));
  return { workload, mode, records, lineBytes, rounds: settings.rounds, rows };
}

/** Speed is that of a service that goes on running, so a peer that needs time for its end gets it. Ours gets none. */
function lostAtItsEnd({ kind }: Contender, mode: ModeName, { problem, measured, arrived }: Trial): boolean {
  return kind === 'peer' && mode !== 'outage' && problem === null && arrived.records < measured.logged;
}

function rowOf(
  contender: Contender,
  all: readonly Contender[],
  trials: readonly Map<Contender, Trial>[],
  arrivedAtOnce: number | null,
): Row {
  const floor = floorOf(contender, all);
  const of = (ran: Map<Contender, Trial>, one: Contender | undefined): Figures | undefined => {
    const trial = one && ran.get(one);
    return trial && trial.problem === null ? figuresOf(one, trial) : undefined;
  };
  const rounds = trials.map((ran) => ({ own: of(ran, contender), floor: of(ran, floor) }));
  const own = trials.flatMap((ran) => ran.get(contender) ?? []);
  const names = Object.keys(rounds.find((round) => round.own)?.own ?? {}) as FigureName[];
  const figures: Partial<Record<FigureName, Spread>> = {};
  for (const name of names) {
    const spread = spreadOf(name, rounds);
    if (spread !== null) figures[name] = spread;
  }
  const { logger, kind } = contender;
  return {
    contender: contender.name,
    logger,
    kind,
    figures,
    isLossy: kind !== 'floor' && own.some(({ measured, arrived }) => arrived.records < (measured?.logged ?? 0)),
    arrivedAtOnce,
    refused: [...new Set(own.flatMap(({ refused }) => refused))],
    problems: [
      ...new Set(own.flatMap(({ problem }) => problem ?? [])),
      ...(kind === 'ours' ? own.flatMap(broken) : []),
    ],
  };
}

/** The promise of putlogs: each record arrived once. */
function broken({ problem, measured, arrived }: Trial): string[] {
  if (problem !== null) return [];
  const { logged } = measured;
  if (arrived.records === logged && arrived.repeated === 0) return [];
  return [`${arrived.records} of ${logged} records arrived, ${arrived.repeated} arrived twice`];
}

/** The promises that were broken: a record was lost or duplicated, or a figure could not be measured. */
export function brokenPromises({ workload, mode, rows }: Table): string[] {
  return rows
    .filter(({ kind }) => kind !== 'peer')
    .flatMap(({ contender, problems }) => problems.map((problem) => `${contender}, ${workload}, ${mode}: ${problem}`));
}
