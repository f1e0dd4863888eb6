// The service of the demo: the command `putlogs-emulator`, in a process of its own.
//
// Its logs are read by its control API, with times in milliseconds, each log once.

import { dirname, join } from 'node:path';
import type { EmulatorStats, LogEntry } from '@putlogs/emulator';
import { type ChildResult, type StartedChild, startChild } from '../support/child';
import { inMilliseconds } from '../support/emulator';
import type { TargetUnderTest } from '../support/targets';

/** The most logs that the control API returns at a time. */
const PAGE_LOGS = 10_000;
/** It ends with the demonstration; this is for one that hangs. */
const LIFETIME_MS = 600_000;
const STAYING_LIFETIME_MS = 24 * 3_600_000;

export class Service {
  readonly url: string;
  readonly logs: LogEntry[] = [];
  readonly #byInstance = new Map<string | undefined, LogEntry[]>();
  readonly #child: StartedChild;
  /** Rejects when the service has ended. */
  readonly #gone: Promise<never>;
  #next = 0;

  constructor(child: StartedChild, readyLine: string) {
    this.url = (JSON.parse(readyLine) as { url: string }).url;
    this.#child = child;
    this.#gone = child.ended.then(() => Promise.reject(new Error('it has ended')));
    this.#gone.catch(() => {});
  }

  /** Reads what has arrived since the last time, up to the end. */
  async readOn(): Promise<void> {
    for (;;) {
      const query = `after=${this.#next}&limit=${PAGE_LOGS}`;
      const page = await this.#get<{ logs: LogEntry[]; next: number }>(`/_emulator/logs?${query}`);
      if (page.logs.length === 0) return;
      for (const log of page.logs) this.#keep(inMilliseconds(log));
      this.#next = page.next;
    }
  }

  /** The logs of one instance that were read so far. */
  logsOf(instance: string): readonly LogEntry[] {
    return this.#byInstance.get(instance) ?? [];
  }

  /** As `logsOf`, and forgets them: for a demonstration without an end. */
  takeLogsOf(instance: string): readonly LogEntry[] {
    const logs = this.logsOf(instance);
    this.#byInstance.delete(instance);
    this.logs.length = 0;
    return logs;
  }

  stats(): Promise<EmulatorStats> {
    return this.#get('/_emulator/stats');
  }

  stop(): Promise<ChildResult> {
    this.#child.kill('SIGTERM');
    return this.#child.ended;
  }

  #keep(log: LogEntry): void {
    this.logs.push(log);
    const instance = log.contents.find(({ key }) => key === 'instance')?.value;
    const logs = this.#byInstance.get(instance);
    if (logs === undefined) this.#byInstance.set(instance, [log]);
    else logs.push(log);
  }

  async #get<Answer>(path: string): Promise<Answer> {
    try {
      // The fetch of Node 20 can be pending for ever if the service ends at the moment at which the request begins.
      const answer = await Promise.race([fetch(this.url + path), this.#gone]);
      if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
      return (await answer.json()) as Answer;
    } catch (cause) {
      const { stderr } = this.#child.output();
      throw new Error(`the service cannot be read: ${reasonOf(cause)}${stderr === '' ? '' : `\n${stderr}`}`, { cause });
    }
  }
}

export async function startService(shards: number, { place }: TargetUnderTest, stays = false): Promise<Service> {
  const command = join(dirname(require.resolve('@putlogs/emulator/package.json')), 'bin/putlogs-emulator.js');
  const { topicId, project, logstore } = place;
  const store = topicId === undefined ? ['--logstore', `${project}/${logstore}`] : ['--topic', topicId];
  const args = ['--port', '0', '--shards', String(shards), ...store];
  const child = startChild(command, { args, timeoutMs: stays ? STAYING_LIFETIME_MS : LIFETIME_MS });
  // The caller who stops it looks at its end; one that ends by itself shows in the next reading.
  child.ended.catch(() => {});
  return new Service(child, await child.line('"url"'));
}

/** fetch says `fetch failed`, and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
