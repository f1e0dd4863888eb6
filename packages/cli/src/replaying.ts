// What the two replays have in common: whole options, patience, progress, and how their end is told.

import { type Options, type OwnFlag, optionsOf, type ReplayEnd, type ReplayParts } from '@putlogs/core/tools';
import { type Call, numberFlag, UsageError } from './command';
import { Progress } from './progress';

const PATIENCE_MS = 60_000;

export const REPLAY_FLAGS = {
  'patience-ms': {
    value: '<n>',
    meaning: `End when nothing was delivered or refused for so long; what is left stays. (default: ${PATIENCE_MS})`,
  },
} as const satisfies Record<string, OwnFlag>;

/** @throws UsageError where an option is wrong or missing */
export function wholeOptions({ explained }: Call): Options {
  let options: Options;
  try {
    options = optionsOf(explained);
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/^putlogs /, ''));
  }
  if (!options.enabled) {
    throw new UsageError('enabled: is false, so nothing may be sent; set --enabled, or PUTLOGS_ENABLED=true');
  }
  return options;
}

export interface Replaying {
  readonly parts: ReplayParts;
  readonly progress: Progress;
}

/** @param total how many records there are */
export function replayingOf(call: Call, options: Options, total: number): Replaying {
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
      return 'ended before all was sent; what is left is where it was';
    case 'out of patience':
      return 'nothing was delivered any more (--patience-ms); what is left is where it was. putlogs doctor says why';
    case 'done':
      return '';
  }
}
