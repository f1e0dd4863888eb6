// What requests are signed with, and where a person has it, as plain data.
// Takes: nothing. Gives: the types, and a text without what is secret in it. Keeps: nothing. Never: asks anybody.

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of temporary credentials (STS). */
  readonly securityToken?: string | undefined;
}

/** Of a target whose requests are not signed. */
export const ANONYMOUS: Credentials = { accessKeyId: '', accessKeySecret: '' };

/** The options `credentials`, as resolved: the keys themselves, or one place to have them from. */
export interface CredentialsGiven {
  readonly accessKeyId?: string | undefined;
  readonly accessKeySecret?: string | undefined;
  readonly securityToken?: string | undefined;
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

/** A question to a service that gives credentials. */
export interface Question {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** To the host of this machine, which no proxy can reach for us. */
  readonly isLocal: boolean;
}

/**
 * Asks the service at `origin`, and gives its answer, whatever that is. @throws Unusable without an answer
 * @param timeoutMs for all of it
 */
export type Ask = (origin: string, timeoutMs: number, question: Question) => Promise<{ status: number; body: string }>;

/** What somebody else says, with what must not be told taken out of it. */
export function withoutSecrets(text: string, { accessKeySecret, securityToken }: Credentials): string {
  const secrets = [accessKeySecret, securityToken ?? ''].filter((secret) => secret !== '');
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
