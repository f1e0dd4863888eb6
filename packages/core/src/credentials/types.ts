// The types of credentials and of the places they come from.

import type { SignedRequest } from '../http/exchange';

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Temporary credentials (STS) have one. */
  readonly securityToken?: string | undefined;
  /** Sent as it is, without a signature. The id and the secret are empty then. */
  readonly apiKey?: string | undefined;
}

/** The credentials of a target with requests that are not signed. */
export const ANONYMOUS: Credentials = { accessKeyId: '', accessKeySecret: '' };

/** The resolved `credentials` options: the keys themselves, or one source of keys. */
export interface CredentialsGiven {
  readonly accessKeyId?: string | undefined;
  readonly accessKeySecret?: string | undefined;
  readonly securityToken?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly file?: string | undefined;
  readonly module?: string | undefined;
  readonly from?: 'oidc' | 'profile' | 'metadata' | undefined;
  readonly oidcRole?: string | undefined;
  readonly oidcProvider?: string | undefined;
  readonly oidcTokenFile?: string | undefined;
  readonly oidcSession?: string | undefined;
  readonly oidcPolicy?: string | undefined;
  readonly stsEndpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly profileFile?: string | undefined;
  readonly metadataRole?: string | undefined;
  readonly metadataEndpoint?: string | undefined;
}

/** A request to a service that issues credentials. */
export interface CredentialRequest extends SignedRequest {
  /** True if the service runs on this machine's host, which no proxy can reach. */
  readonly isLocal: boolean;
}

/**
 * Sends one request to the service at `origin` and returns its answer, also if the status is an error.
 *
 * @param timeoutMs bounds the whole exchange
 * @throws CredentialsError without an answer
 */
export type Fetch = (
  origin: string,
  timeoutMs: number,
  request: CredentialRequest,
) => Promise<{ status: number; body: string }>;
