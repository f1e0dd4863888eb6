// The benchmark: `npm run bench -- [options]`, from the command line to the exit code, from top to bottom.
//
// Exit code 1: a record of ours was lost or duplicated, or ours or a floor could not be measured. Exit code 2: wrong
// arguments. No connection leaves this machine; see fence.ts.

import { type Settings, settingsOf, USAGE } from './arguments';
import { CONTENDERS } from './contenders';
import { measureMicro } from './micro';
import { writePage } from './page';
import { keepMicro, keepTables } from './results';
import { brokenPromises, measure, type Table } from './rounds';
import { startSink } from './sink-process';
import { microTextOf, textOf } from './text-table';

async function main(words: readonly string[]): Promise<number> {
  const settings = settingsOf(words);
  if (typeof settings === 'string') {
    process.stderr.write(`bench: ${settings}\n${USAGE}`);
    return 2;
  }
  if (settings.isPage) {
    writePage();
    return 0;
  }
  const command = ['npm run bench --', ...words.filter((word) => word !== '--json')].join(' ');
  if (settings.isMicro) {
    const micro = await measureMicro(settings.only);
    if (settings.write) keepMicro(micro, command, settings.only.length === 0);
    if (settings.write) writePage();
    process.stdout.write(settings.format === 'json' ? `${JSON.stringify({ micro }, null, 2)}\n` : microTextOf(micro));
    return 0;
  }
  const tables = await measureAll(settings);
  if (settings.write) keepTables(tables, command);
  if (settings.write) writePage();
  if (settings.format === 'json') process.stdout.write(`${JSON.stringify({ tables }, null, 2)}\n`);
  else for (const table of tables) process.stdout.write(`\n${textOf(table)}`);
  const broken = tables.flatMap(brokenPromises);
  for (const promise of broken) process.stderr.write(`bench: ${promise}\n`);
  return broken.length === 0 ? 0 : 1;
}

async function measureAll(settings: Settings): Promise<Table[]> {
  const { only, isSmoke } = settings;
  const contenders = CONTENDERS.filter(({ isInSmoke }) => !isSmoke || isInSmoke).filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  const sink = await startSink();
  try {
    const tables: Table[] = [];
    for (const mode of settings.modes) {
      for (const workload of settings.workloads) {
        tables.push(await measure({ workload, mode }, contenders, settings, sink, progress));
      }
    }
    return tables;
  } finally {
    sink.stop();
  }
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
