// Who signs: the source of credentials that the options name, wired to the one sender there is.
//
// Takes: options. Gives: the source, and the target that signs with what it has. Keeps: nothing. Never: has a way to
// the network of its own: credentials are asked for as records are sent.

import { CredentialSource, type CredentialTools } from '../credentials/source';
import { ANONYMOUS } from '../credentials/types';
import { requestOnce } from '../http/client';
import type { Options } from '../options/schema';
import { TARGETS } from '../options/target-facts';
import type { Clock } from '../runtime/clock';
import { loadTarget } from '../targets/load';
import type { Target } from '../targets/target';
import { networkOf } from './network';

export interface Signer {
  readonly credentials: CredentialSource;
  readonly target: Target;
}

export function signerOf(options: Options, clock: Clock): Signer {
  const { isSigned, vendor } = TARGETS[options.target];
  const given = isSigned ? options.credentials : ANONYMOUS;
  const credentials = new CredentialSource(given, { clock, vendor: vendor.id, fetch: askWith(options, clock) });
  return { credentials, target: loadTarget(options, () => credentials.current) };
}

/** By the same ways as records, but for the machine's own host. */
function askWith(options: Options, clock: Clock): CredentialTools['fetch'] {
  return (origin, timeoutMs, { isLocal, ...question }, signal) => {
    const network = isLocal ? {} : networkOf(options);
    return requestOnce(question, { origin, timeoutMs, network, clock, connections: 1, onRequest: () => {} }, signal);
  };
}
