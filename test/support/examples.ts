// The applications under examples/, as tests see them: where they are, and what arrived of their records.
//
// Takes: logs of the emulator, and how an example says whose record it is and which. Gives: them as the ledger reads
// them. Keeps: nothing. Never: looks at the other fields; the adapters' own tests do.

import { join } from 'node:path';
import type { EmulatorLog } from './emulator';
import { contentsOf } from './emulator';
import type { Expected, LedgerLog } from './ledger';

export function example(path: string): string {
  return join(__dirname, '../../../examples', path);
}

/** The logs that are `of` somebody; which one of theirs it is, is in `key`. */
export function numbered(
  logs: readonly EmulatorLog[],
  key: string,
  of: (contents: Record<string, string>, log: EmulatorLog) => string | undefined,
): LedgerLog[] {
  return logs.flatMap((log) => {
    const contents = contentsOf(log);
    const [instance, n] = [of(contents, log), contents[key]];
    if (instance === undefined || n === undefined) return [];
    return [
      {
        ...log,
        contents: [
          { key: 'instance', value: instance },
          { key: 'n', value: n },
        ],
      },
    ];
  });
}

/** What has to arrive: of each instance its numbers, in that order. */
export function expecting(numbers: ReadonlyMap<string, readonly number[]>): Expected {
  const record = (instance: string) => (n: number) => {
    return { n, contents: new Map(Object.entries({ instance, n: `${n}` })) };
  };
  return new Map([...numbers].map(([instance, all]) => [instance, all.map(record(instance))]));
}
