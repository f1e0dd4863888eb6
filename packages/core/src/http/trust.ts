// Loads the user's file of CA certificates for TLS.

import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';

/** Node 20 has no `getCACertificates`. */
type Tls = typeof import('node:tls') & { getCACertificates?: (of: 'default') => string[] };

/**
 * Returns a context that trusts the certificates that Node trusts, and those of the file. From Node 22.15 on,
 * NODE_EXTRA_CA_CERTS belongs to the certificates that Node trusts.
 *
 * @throws if the file cannot be read or parsed
 */
export function contextWith(caFile: string): SecureContext {
  const tls: Tls = process.getBuiltinModule('node:tls');
  const usual = tls.getCACertificates?.('default') ?? tls.rootCertificates;
  return tls.createSecureContext({ ca: [...usual, readFileSync(caFile, 'utf8')] });
}
