// The command line of `npm run bench --`. An unknown word is an error.

import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders';
import { MODE_NAMES, type ModeName } from './plan';
import { WORKLOAD_NAMES, type WorkloadName } from './workloads';

export interface Settings {
  readonly format: 'table' | 'json';
  readonly isSmoke: boolean;
  readonly isMicro: boolean;
  /** Whether the results are stored, and rendered into docs/. */
  readonly write: boolean;
  /** Whether only the stored results are rendered. */
  readonly isPage: boolean;
  readonly rounds: number;
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly workloads: readonly WorkloadName[];
  readonly modes: readonly ModeName[];
  /** Names of contenders, or of groups of stages, or parts of names. */
  readonly only: readonly string[];
}

export const USAGE = `npm run bench -- [options]
  --smoke               ours, the floors and one peer of each kind, a few thousand records; fails if ours loses one
  --micro               single stages, in one process
  --rounds <n>          rounds; each contender runs once in a round (3)
  --records <n>         records in a run (100000); fewer if the records are large
  --rate <n>            records per second, in the modes steady and outage (20000)
  --workload <names>    ${WORKLOAD_NAMES.join(', ')}, all (request)
  --mode <names>        ${MODE_NAMES.join(', ')} (burst)
  --only <names>        contenders, or groups of single stages, whose name contains one of these
  --json                prints the figures as JSON
  --write               writes results.json, docs/benchmark.md and docs/benchmark.svg
  --page                writes docs from results.json, and measures nothing
`;

/** @returns the settings, or what is wrong with the arguments */
export function settingsOf(words: readonly string[]): Settings | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        smoke: { type: 'boolean', default: false },
        micro: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        page: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        records: { type: 'string' },
        rate: { type: 'string', default: '20000' },
        workload: { type: 'string', default: 'request' },
        mode: { type: 'string', default: 'burst' },
        only: { type: 'string', default: '' },
      },
    });
    const only = values.only.split(',').filter((name) => name !== '');
    for (const name of only) {
      if (!values.micro && !CONTENDERS.some((contender) => contender.name.includes(name)))
        throw new Error(`no contender named ${name}`);
    }
    return {
      format: values.json ? 'json' : 'table',
      isSmoke: values.smoke,
      isMicro: values.micro,
      write: values.write,
      isPage: values.page,
      rounds: wholeNumber('rounds', values.rounds ?? (values.smoke ? '1' : '3')),
      records: wholeNumber('records', values.records ?? (values.smoke ? '3000' : '100000')),
      recordsPerSecond: wholeNumber('rate', values.rate),
      workloads: values.workload === 'all' ? WORKLOAD_NAMES : namesOf('workload', values.workload, WORKLOAD_NAMES),
      modes: namesOf('mode', values.mode, MODE_NAMES),
      only,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(name: string, text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1) throw new Error(`--${name} must be a whole number from 1, not ${text}`);
  return number;
}

function namesOf<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`--${option} knows ${known.join(', ')}, not ${name}`);
    return found;
  });
}
