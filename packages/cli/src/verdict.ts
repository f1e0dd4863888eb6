// The verdict of putlogs doctor: the last line. It says what to change, and each cause once.

import { outsideText } from '@putlogs/core/tools';
import type { Step } from './step';

/** Most characters of a cause: a path may be in it. */
const MAX_CAUSE_CHARACTERS = 2000;

export function verdictOf(steps: readonly Step[], isDryRun: boolean): string {
  const causes = causesIn(steps);
  if (causes.length === 1) return `Not ready. ${causes[0]}`;
  if (causes.length > 1) {
    const list = causes.map((cause, at) => `\n  ${at + 1}. ${cause}`).join('');
    return `Not ready, for ${causes.length} reasons:${list}`;
  }
  if (isDryRun) return 'No problem was found. No record was sent, because of --dry-run.';
  const stateOf = (name: string) => steps.find((step) => step.name === name)?.state;
  return stateOf('search') === 'ok'
    ? 'Ready: the test record arrived, and a search finds it.'
    : 'Ready: the test record arrived. Whether a search finds it was not checked.';
}

function causesIn(steps: readonly Step[]): string[] {
  const causes = new Map<string, string>();
  for (const { advice, page } of steps) {
    if (advice !== undefined) causes.set(advice, outsideText(`${advice} See ${page}.`, MAX_CAUSE_CHARACTERS));
  }
  return [...causes.values()];
}
