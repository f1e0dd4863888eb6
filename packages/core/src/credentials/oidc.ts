// A role that this workload may take by a token of its cluster: AssumeRoleWithOIDC of either vendor's STS. The request is
// not signed: the token is what proves who asks.
//
// Takes: the role, the file with the token (kubelet renews it, so it is read each time), and a way to ask. Gives: what
// STS gave. Keeps: nothing. Never: anything of an answer in an error but its status and code: it may repeat the token.

import type { CredentialVendor } from '../options/target-facts';
import { readRegularLater } from '../runtime/regular-file';
import { readObject, textOf, Unusable } from './parse';
import type { Ask, CredentialsGiven } from './types';

/** For how long is asked; both vendors' own SDKs ask for an hour, and every role allows that. */
const DURATION_SECONDS = 3600;
/** Less than a reading may take in all (source.ts), so that it is told who gave no answer. */
const STS_TIMEOUT_MS = 8000;

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

export async function assumeRole(
  { oidcRole, oidcProvider, oidcTokenFile, oidcSession, oidcPolicy, stsEndpoint }: CredentialsGiven,
  vendor: CredentialVendor,
  ask: Ask,
  nowMs: number,
): Promise<unknown> {
  const token = (await readRegularLater(oidcTokenFile ?? '')).trim();
  if (token === '') throw new Unusable('credentials.oidcTokenFile is empty');
  const common = {
    OIDCToken: token,
    RoleSessionName: oidcSession ?? 'putlogs',
    DurationSeconds: String(DURATION_SECONDS),
    ...(oidcPolicy === undefined ? {} : { Policy: oidcPolicy }),
  };
  const isVolcengine = vendor === 'volcengine';
  // Action and Version stand in the query: in the body, Volcengine's gateway takes the request for one to be signed.
  const query = isVolcengine
    ? { Action: 'AssumeRoleWithOIDC', Version: '2018-01-01' }
    : { Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', Format: 'JSON', Timestamp: secondsOf(nowMs) };
  const form = isVolcengine
    ? { ...common, RoleTrn: oidcRole ?? '' }
    : { ...common, RoleArn: oidcRole ?? '', OIDCProviderArn: oidcProvider ?? '' };
  const answer = await ask(stsEndpoint ?? '', STS_TIMEOUT_MS, {
    method: 'POST',
    path: `/?${new URLSearchParams(query)}`,
    headers: FORM,
    body: Buffer.from(new URLSearchParams(form).toString()),
    isLocal: false,
  });
  const { error, credentials } = isVolcengine ? volcengineAnswer(answer.body) : aliyunAnswer(answer.body);
  if (answer.status !== 200 || error !== '') {
    throw new Unusable(`STS answered ${answer.status}${named(error)}; check the role, and that it trusts the token`);
  }
  if (typeof credentials !== 'object' || credentials === null) throw new Unusable('STS answered without credentials');
  return credentials;
}

interface StsAnswer {
  /** Its code; '' without one. */
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

/** An answer that is no JSON comes from somebody in between: its status says all there is. */
function bodyOf(body: string): Record<string, unknown> {
  try {
    return readObject(body);
  } catch {
    return {};
  }
}

/** An error's code as it may be told: a word, and not what somebody put in its place. */
function named(code: string): string {
  return /^[A-Za-z][A-Za-z0-9._]{0,63}$/.test(code) ? ` ${code}` : '';
}

/** `2030-01-01T00:00:00Z`: STS takes no fraction of a second. */
function secondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
