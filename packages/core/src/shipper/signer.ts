// Connects the source of credentials with the target that signs with them. Requests for credentials use the same HTTP
// client.

import { CredentialSource, type CredentialTools } from '../credentials/source';
import { ANONYMOUS } from '../credentials/types';
import { requestOnce } from '../http/client';
import { apiKeyProblem } from '../options/addresses';
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

export function createSigner(options: Options, clock: Clock): Signer {
  const { isSigned, vendor } = TARGETS[options.target];
  const given = isSigned ? options.credentials : ANONYMOUS;
  const problem = apiKeyProblem(options.endpoint, TARGETS[options.target]);
  const credentials = new CredentialSource(given, {
    clock,
    vendor: vendor.id,
    apiKeyProblem: problem === undefined ? undefined : `the endpoint ${problem}`,
    fetch: fetchWith(options, clock),
  });
  return { credentials, target: loadTarget(options, () => credentials.current) };
}

/** Requests to the machine's own host do not use the proxy. */
function fetchWith(options: Options, clock: Clock): CredentialTools['fetch'] {
  return (origin, timeoutMs, { isLocal, ...request }, signal) => {
    const network = isLocal ? {} : networkOf(options);
    return requestOnce(request, { origin, timeoutMs, network, clock, connections: 1, onRequest: () => {} }, signal);
  };
}
