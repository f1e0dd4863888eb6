// The role of the machine this runs on, from the metadata service of its host (IMDSv2): a token first, by PUT, then the
// name of the role where nobody has said it, then its credentials.
//
// Takes: the vendor, the role's name if it is known, and a way to ask. Gives: what the service gave. Keeps: nothing: a
// token is asked for each time, as an instance may be moved. Never: asks without a token (IMDSv1): a request that somebody
// else can make us send would do for that.

import type { CredentialVendor } from '../options/target-facts';
import { readObject, textOf, Unusable } from './parse';
import type { Ask, CredentialsGiven } from './types';

/** It answers from the same host, in milliseconds; off the cloud nobody answers at all. The vendors' SDKs wait 1 to 2 s. */
const METADATA_TIMEOUT_MS = 2000;
const TOKEN_SECONDS = '21600';

/** By the vendors' own packages: @alicloud/credentials 2.4.7 and sdk-core of volcengine-nodejs-sdk. */
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
  ask: Ask,
): Promise<unknown> {
  const service = SERVICES[vendor];
  const request = async (method: 'GET' | 'PUT', path: string, headers: Record<string, string>, what: string) => {
    const { status, body } = await ask(metadataEndpoint ?? '', METADATA_TIMEOUT_MS, {
      method,
      path,
      headers,
      body: Buffer.alloc(0),
      isLocal: true,
    });
    if (status === 200) return body;
    const why = status === 404 ? `; check that the instance has a role, and ${service.variable}` : '';
    throw new Unusable(`the metadata service answered ${status} to ${what}${why}`);
  };
  const token = (await request('PUT', '/latest/api/token', { [service.ttl]: TOKEN_SECONDS }, 'a token')).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Unusable('the metadata service gave no token');
  const headers = { [service.token]: token };
  const role = metadataRole ?? firstRole(await request('GET', service.roles, headers, "the role's name"));
  const path = service.credentials + encodeURIComponent(role);
  const fields = readObject(await request('GET', path, headers, 'the credentials of the role'));
  const code = textOf(fields, 'Code');
  if (code !== '' && code !== 'Success') throw new Unusable('the metadata service has no credentials of the role');
  return fields;
}

/** A JSON list of names, or one a line. */
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
  if (typeof first !== 'string') throw new Unusable('the instance has no role');
  return first.trim();
}
