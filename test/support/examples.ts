// The applications under examples/: their paths, requests to their servers, and what arrived of their records.
//
// Only the instance and the number of a record are compared. The adapters' own tests check the other fields.

import { request } from 'node:http';
import { join } from 'node:path';
import type { StartedChild } from './child';
import type { EmulatorLog } from './emulator';
import { contentsOf, until } from './emulator';
import type { Expected, LedgerLog } from './ledger';

export function example(path: string): string {
  return join(__dirname, '../../../examples', path);
}

/** The logs for which `of` returns an instance. The field `key` has the number within it. */
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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What a server of an example answers, each time over a connection of its own. */
export function get(port: number, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject).on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject).end();
  });
}

/** The port in `listening on port 3000`. */
export async function portOf(child: StartedChild): Promise<number> {
  const line = await child.line('listening on port');
  return Number(/listening on port (\d+)/.exec(line)?.[1]);
}

/** What the processes of a server have answered: of each its numbers, in the order of the answers. */
export class Served {
  readonly #port: number;
  readonly #numbers = new Map<string, number[]>();

  constructor(port: number) {
    this.#port = port;
  }

  /** By process. */
  get numbers(): ReadonlyMap<string, readonly number[]> {
    return this.#numbers;
  }

  /** One request after the other, until `isEnough` of those before. */
  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) {
      const { pid, served } = (await get(this.#port, '/')) as { pid: number; served: number };
      this.#numbers.set(`${pid}`, [...(this.#numbers.get(`${pid}`) ?? []), served]);
    }
  }

  /**
   * Asks the process that answered first to end, and waits until it has: a request to one that ends may get no
   * answer.
   */
  async endFirst(signal: NodeJS.Signals): Promise<void> {
    const [first] = this.#numbers.keys();
    process.kill(Number(first), signal);
    await until('the process has ended', () => !isAlive(Number(first)));
  }

  /** Each of them has answered so many. */
  async each(processes: number, answers: number): Promise<void> {
    const enough = () => [...this.#numbers.values()].filter((all) => all.length >= answers).length >= processes;
    await this.until(enough);
  }
}
