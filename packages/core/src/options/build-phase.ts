// Recognises the build of Next.js, and starts nothing in it.
//
// `next build` loads every route, and renders static pages. Often there is no key in its environment, and an error of
// the transport would end the build. With a key, the build would send records as if the service were running.

import { setIfAbsent } from './option-tree';
import type { Resolution } from './resolution';

/** What docs, `doctor` and the line on stderr call it. */
const ORIGIN = 'the build phase of Next.js';

/** Sets `enabled` to false in a build of Next.js, unless the user has set it. */
export function disableInBuild({ tree, origins, environment }: Resolution): void {
  if (environment['NEXT_PHASE'] !== 'phase-production-build') return;
  if (setIfAbsent(tree, 'enabled', false)) origins.set('enabled', { kind: 'derived', name: ORIGIN });
}

/** The line for stderr if a build is the reason why nothing starts, else undefined. */
export function buildNotice({
  originOf,
}: {
  readonly originOf: (path: string) => { readonly name: string };
}): string | undefined {
  if (originOf('enabled').name !== ORIGIN) return undefined;
  return 'putlogs: next build loads the application, so nothing is started and no record is sent (PUTLOGS_ENABLED=true sends them)';
}
