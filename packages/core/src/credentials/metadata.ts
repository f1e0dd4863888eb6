// Fetches the credentials of a cloud machine's role from the metadata service of its host (IMDSv2).
//
//   1. PUT /latest/api/token           returns a token for the next requests
//   2. GET <roles>                     returns the role's name; not sent if the options name the role
//   3. GET <credentials>/<role>        returns the credentials
//
// The token is fetched for each refresh, because the machine may have been moved. IMDSv1 needs no token and is never
// used: an attacker who can make this process send a GET could read the credentials with it.

import type { CredentialVendor } from '../options/target-facts';
import { CredentialsError, readObject, textOf } from './parse';
import type { CredentialsGiven, Fetch } from './types';

/** The service answers within milliseconds. Outside the cloud nothing answers. The vendors' SDKs allow 1 to 2 s. */
const METADATA_TIMEOUT_MS = 2000;
const TOKEN_SECONDS = '21600';

/** As in the vendors' own packages: @alicloud/credentials 2.4.7, and sdk-core of volcengine-nodejs-sdk. */
const SERVICES = {
  volcengine: {
    ttl: 'x-volc-ecs-metadata-token-ttl-seconds',
    token: 'x-volc-ecs-metadata-token',
    roles: '/volcstack/latest/iam/security_credentials?type=user&format=json',
    credentials: '/volcstack/latest/iam/security_credentials/',
    variable: 'VOLCENGINE_ECS_METADATA',
  },
  aliyun: {
    ttl: 'x-aliyun-ecs-metadata-token-ttl-seconds',
    token: 'x-aliyun-ecs-metadata-token',
    roles: '/latest/meta-data/ram/security-credentials/',
    credentials: '/latest/meta-data/ram/security-credentials/',
    variable: 'ALIBABA_CLOUD_ECS_METADATA',
  },
} as const;

export async function instanceRole(
  { metadataRole, metadataEndpoint }: CredentialsGiven,
  vendor: CredentialVendor,
  fetch: Fetch,
): Promise<unknown> {
  const service = SERVICES[vendor];
  const request = async (method: 'GET' | 'PUT', path: string, headers: Record<string, string>, what: string) => {
    const { status, body } = await fetch(metadataEndpoint ?? '', METADATA_TIMEOUT_MS, {
      method,
      path,
      headers,
      body: Buffer.alloc(0),
      isLocal: true,
    });
    if (status === 200) return body;
    const why = status === 404 ? `; check that the instance has a role, and ${service.variable}` : '';
    throw new CredentialsError(`the metadata service answered ${status} to ${what}${why}`);
  };
  const token = (await request('PUT', '/latest/api/token', { [service.ttl]: TOKEN_SECONDS }, 'a token')).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CredentialsError('the metadata service returned no token');
  const headers = { [service.token]: token };
  const role = metadataRole ?? firstRole(await request('GET', service.roles, headers, "the role's name"));
  const path = service.credentials + encodeURIComponent(role);
  const fields = readObject(await request('GET', path, headers, 'the credentials of the role'));
  const code = textOf(fields, 'Code');
  if (code !== '' && code !== 'Success')
    throw new CredentialsError('the metadata service has no credentials of the role');
  return fields;
}

/** The service returns the names as a JSON list, or one on each line. */
function firstRole(body: string): string {
  let names: unknown;
  try {
    names = JSON.parse(body);
  } catch {
    names = body.split('\n');
  }
  const first: unknown = Array.isArray(names)
    ? names.find((name) => typeof name === 'string' && name.trim())
    : undefined;
  if (typeof first !== 'string') throw new CredentialsError('the instance has no role');
  return first.trim();
}
