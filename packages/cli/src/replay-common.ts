// The parts that both replays share: complete options, patience, progress, and the message at the end.

import { type Options, type OwnFlag, optionsOf, type ReplayEnd, type ReplayParts } from '@putlogs/core/tools';
import { type Call, numberFlag, UsageError } from './command';
import { Progress } from './progress';

const PATIENCE_MS = 60_000;

export const REPLAY_FLAGS = {
  'patience-ms': {
    value: '<ms>',
    meaning: `Stop if no record was delivered or rejected for this long. The rest stays in place. (default: ${PATIENCE_MS})`,
  },
} as const satisfies Record<string, OwnFlag>;

/** @throws UsageError if an option is wrong or missing */
export function wholeOptions({ explained }: Call): Options {
  let options: Options;
  try {
    options = optionsOf(explained);
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/^putlogs /, ''));
  }
  if (!options.enabled) {
    throw new UsageError('enabled: is false, so nothing can be sent; set --enabled, or PUTLOGS_ENABLED=true');
  }
  return options;
}

export interface Replay {
  readonly parts: ReplayParts;
  readonly progress: Progress;
}

/** @param total how many records there are */
export function startReplay(call: Call, options: Options, total: number): Replay {
  const patienceMs = numberFlag(call, 'patience-ms', PATIENCE_MS);
  const progress = new Progress('replaying', 'records', call.isJson);
  const onProgress: ReplayParts['onProgress'] = ({ delivered, dropped }) => {
    progress.show(delivered + dropped.rejected + dropped.damaged, total);
  };
  return { parts: { options, patienceMs, signal: call.signal, onProgress }, progress };
}

export function whyEnded(end: ReplayEnd): string {
  switch (end) {
    case 'aborted':
      return 'stopped before all records were sent; the rest stays where it was';
    case 'out of patience':
      return 'stopped because no record was delivered any more (--patience-ms); the rest stays where it was. Run putlogs doctor to find the cause';
    case 'done':
      return '';
  }
}
