// The committed results: the last measurement of each workload and mode.
//
// They contain no name, path or time of this machine. The version of Node and the number of cores are enough.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { MicroTable } from './micro';
import type { Table } from './rounds';

const FILE = join(__dirname, '../results.json');

export interface Environment {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
}

export interface Results {
  readonly tables: readonly (Table & { readonly command: string; readonly environment: Environment })[];
  readonly micro: { readonly command: string; readonly environment: Environment; readonly table: MicroTable } | null;
}

export function environment(): Environment {
  return { node: process.version, platform: `${process.platform} ${process.arch}`, cores: availableParallelism() };
}

export function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : { tables: [], micro: null };
}

export function keepTables(tables: readonly Table[], command: string): void {
  const { tables: earlier, micro } = readResults();
  const fresh = tables.map((table) => ({ ...table, command, environment: environment() }));
  const kept = earlier.filter(
    (old) => !tables.some(({ workload, mode }) => workload === old.workload && mode === old.mode),
  );
  write({ tables: [...kept, ...fresh], micro });
}

/** @param isAll whether `table` has all groups of stages. If not, the others stay */
export function keepMicro(table: MicroTable, command: string, isAll: boolean): void {
  const { tables, micro } = readResults();
  if (isAll || micro === null) {
    write({ tables, micro: { command, environment: environment(), table } });
    return;
  }
  if (micro.environment.node !== process.version)
    throw new Error(`the other stages are of Node ${micro.environment.node}`);
  const titles = new Set(table.map(({ title }) => title));
  write({ tables, micro: { ...micro, table: [...micro.table.filter(({ title }) => !titles.has(title)), ...table] } });
}

function write(results: Results): void {
  const text = JSON.stringify(results, (_, value: unknown) => (typeof value === 'number' ? rounded(value) : value), 2);
  writeFileSync(FILE, `${text}\n`);
}

/** More digits are noise, and make a diff hard to read. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
