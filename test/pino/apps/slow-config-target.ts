// A pino target of others that starts slowly and then waits for the configuration of the logger, by
// pino-abstract-transport. It writes the label of each record's level to a file.
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';

const build = createRequire(require.resolve('pino'))('pino-abstract-transport') as (
  read: (source: Source) => void,
  options: object,
) => Promise<unknown>;

interface Source {
  readonly levels: { readonly labels: Record<string, string> };
  on(event: 'data', listener: (record: { level: number }) => void): void;
}

export default async function slowConfigTarget({ file, startsInMs }: { file: string; startsInMs: number }) {
  await pause(startsInMs);
  const read = (source: Source) =>
    source.on('data', ({ level }) => appendFileSync(file, `${source.levels.labels[level]}\n`));
  return build(read, { expectPinoConfig: true });
}
