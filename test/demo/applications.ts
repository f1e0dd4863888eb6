// The two applications of the demo, as child processes.
//
// The pino application is configured by its environment only, and the winston application by arguments only.

import { join } from 'node:path';
import { type ChildResult, type StartedChild, startChild } from '../support/child';
import { arrivesByPino, arrivesByWinston, corpusRecord } from '../support/corpus';
import { addressOf, environmentFor } from '../support/emulator';
import type { ExpectedRecord } from '../support/ledger';
import type { TargetUnderTest } from '../support/targets';

/**
 * An instance's shard is the md5 of its name, where the target has shard keys. These two lie in the second and the
 * third quarter, which are two of the four shards here.
 */
export const APPLICATIONS = [
  { logger: 'pino', instance: 'catalog-1', configuredBy: 'environment variables', arrives: arrivesByPino },
  { logger: 'winston', instance: 'checkout-1', configuredBy: 'options', arrives: arrivesByWinston },
] as const;
export type Application = (typeof APPLICATIONS)[number];

/** How an application ended. */
export type Ending = { logger: string } & Pick<ChildResult, 'code' | 'signal' | 'stderr'>;

const TIMEOUT_MS = 300_000;
/** Sent after so long, or when a batch is full. The default is a second; this is for the eye. */
const PACE = { PUTLOGS_LINGER_MS: '200' };

export function startApplication(
  application: Application,
  url: string,
  target: TargetUnderTest,
  records: number,
  startMs: number,
): StartedChild {
  const { logger, instance } = application;
  const traffic = [String(records), String(startMs)];
  const child =
    logger === 'pino'
      ? { args: traffic, env: environmentFor(addressOf(url), { PUTLOGS_INSTANCE: instance, ...PACE }, target) }
      : { args: [...traffic, url, instance, target.name] };
  return startChild(join(__dirname, `${logger}-application.js`), { ...child, timeoutMs: TIMEOUT_MS });
}

/** Per instance, what must arrive, in call order. */
export function expectedOf(records: number, startMs: number): Map<string, ExpectedRecord[]> {
  return new Map(
    APPLICATIONS.map(({ instance, arrives }) => [
      instance,
      Array.from({ length: records }, (_, n) => arrives(corpusRecord(n, startMs), instance)),
    ]),
  );
}
