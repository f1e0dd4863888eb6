// Exchanges the OIDC token of a workload for temporary credentials of a role, by AssumeRoleWithOIDC of the vendor's
// STS.
//
// The request is not signed: the token identifies the caller. The token file is read for each request, because the
// kubelet renews it. An error contains only the status and the code of an answer, because the answer may repeat the
// token.

import type { CredentialVendor } from '../options/target-facts';
import { readRegularLater } from '../runtime/regular-file';
import { CredentialsError, readObject, textOf } from './parse';
import type { CredentialsGiven, Fetch } from './types';

/** How long the credentials should last. Both vendors' SDKs request an hour, and every role allows it. */
const DURATION_SECONDS = 3600;
/** Shorter than the deadline in source.ts, so that the warning names the host that did not answer. */
const STS_TIMEOUT_MS = 8000;

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

export async function assumeRole(
  { oidcRole, oidcProvider, oidcTokenFile, oidcSession, oidcPolicy, stsEndpoint }: CredentialsGiven,
  vendor: CredentialVendor,
  fetch: Fetch,
  nowMs: number,
): Promise<unknown> {
  const token = (await readRegularLater(oidcTokenFile ?? '')).trim();
  if (token === '') throw new CredentialsError('credentials.oidcTokenFile is empty');
  const common = {
    OIDCToken: token,
    RoleSessionName: oidcSession ?? 'putlogs',
    DurationSeconds: String(DURATION_SECONDS),
    ...(oidcPolicy === undefined ? {} : { Policy: oidcPolicy }),
  };
  const isVolcengine = vendor === 'volcengine';
  // Action and Version are in the query: with them in the body, Volcengine's gateway requires a signature.
  const query = isVolcengine
    ? { Action: 'AssumeRoleWithOIDC', Version: '2018-01-01' }
    : { Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', Format: 'JSON', Timestamp: secondsOf(nowMs) };
  const form = isVolcengine
    ? { ...common, RoleTrn: oidcRole ?? '' }
    : { ...common, RoleArn: oidcRole ?? '', OIDCProviderArn: oidcProvider ?? '' };
  const answer = await fetch(stsEndpoint ?? '', STS_TIMEOUT_MS, {
    method: 'POST',
    path: `/?${new URLSearchParams(query)}`,
    headers: FORM,
    body: Buffer.from(new URLSearchParams(form).toString()),
    isLocal: false,
  });
  const { error, credentials } = isVolcengine ? volcengineAnswer(answer.body) : aliyunAnswer(answer.body);
  if (answer.status !== 200 || error !== '') {
    throw new CredentialsError(
      `STS answered ${answer.status}${named(error)}; check the role, and that it trusts the token`,
    );
  }
  if (typeof credentials !== 'object' || credentials === null)
    throw new CredentialsError('STS answered without credentials');
  return credentials;
}

interface StsAnswer {
  /** The error code; '' if there is no error. */
  readonly error: string;
  readonly credentials: unknown;
}

function volcengineAnswer(body: string): StsAnswer {
  const fields = bodyOf(body);
  const result = fields['Result'] as Record<string, unknown> | undefined;
  const metadata = fields['ResponseMetadata'] as Record<string, unknown> | undefined;
  return {
    error: textOf(metadata?.['Error'] as Record<string, unknown>, 'Code'),
    credentials: result?.['Credentials'],
  };
}

function aliyunAnswer(body: string): StsAnswer {
  const fields = bodyOf(body);
  return { error: textOf(fields, 'Code'), credentials: fields['Credentials'] };
}

/** An answer that is not JSON comes from a proxy or gateway: only its status is reported. */
function bodyOf(body: string): Record<string, unknown> {
  try {
    return readObject(body);
  } catch {
    return {};
  }
}

/** Returns the error code for a message if it looks like a code. Any other text could contain a secret. */
function named(code: string): string {
  return /^[A-Za-z][A-Za-z0-9._]{0,63}$/.test(code) ? ` ${code}` : '';
}

/** `2030-01-01T00:00:00Z`: STS accepts no fraction of a second. */
function secondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
