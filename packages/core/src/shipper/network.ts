// Reads from the options how to reach the service.

import type { Network } from '../http/exchange';
import type { Options } from '../options/schema';

/** The value of `proxy` that switches off a proxy of the environment. */
const NO_PROXY = 'none';

export function networkOf({ proxy, noProxy, tls }: Pick<Options, 'proxy' | 'noProxy' | 'tls'>): Network {
  return { proxy: proxy === NO_PROXY ? undefined : proxy, noProxy, caFile: tls.caFile };
}
