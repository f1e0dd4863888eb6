// Reads a profile of the vendor's command line tool: ~/.volcengine/config.json of `ve`, ~/.aliyun/config.json of
// `aliyun`.
//
// The file is never written. A program that it names is never run.

import { isAbsolute } from 'node:path';
import type { CredentialVendor } from '../options/target-facts';
import { readRegularLater } from '../runtime/regular-file';
import { CredentialsError, readObject, textOf } from './parse';
import type { CredentialsGiven } from './types';

export type Profile =
  | { readonly kind: 'credentials'; readonly credentials: unknown }
  /** The profile names another source: an OIDC role, or the role of the machine. */
  | { readonly kind: 'source'; readonly given: CredentialsGiven };

type Fields = Record<string, unknown>;

export async function readProfile(given: CredentialsGiven, vendor: CredentialVendor): Promise<Profile> {
  const config = readObject(await readRegularLater(given.profileFile ?? ''));
  const name = given.profile ?? (textOf(config, 'current') || 'default');
  const profile = find(config['profiles'], name);
  if (profile === undefined) {
    throw new CredentialsError('credentials.profileFile has no profile of that name; check credentials.profile');
  }
  return vendor === 'volcengine' ? volcengineProfile(profile, given) : aliyunProfile(profile, given);
}

/** Finds a profile by its name in an object or a list of profiles. */
function find(profiles: unknown, name: string): Fields | undefined {
  if (Array.isArray(profiles)) return (profiles as Fields[]).find((profile) => textOf(profile, 'name') === name);
  const found = Object.hasOwn((profiles ?? {}) as object, name) ? (profiles as Fields)[name] : undefined;
  return typeof found === 'object' && found !== null ? (found as Fields) : undefined;
}

function volcengineProfile(profile: Fields, given: CredentialsGiven): Profile {
  switch (textOf(profile, 'mode').toLowerCase()) {
    case '':
    case 'ak':
    case 'ststoken':
      return keys(profile, ['access-key', 'secret-key', 'session-token', 'sts-expiration']);
    case 'oidc':
      return otherSource(given, 'oidc', {
        oidcRole: textOf(profile, 'role-trn'),
        oidcTokenFile: textOf(profile, 'oidc-token-file'),
      });
    case 'ecsrole':
      return otherSource(given, 'metadata', { metadataRole: textOf(profile, 'role-name') });
    default:
      throw new CredentialsError(`the profile's mode is not one of ak, ststoken, oidc, ecsrole; ${WITH_A_MODULE}`);
  }
}

function aliyunProfile(profile: Fields, given: CredentialsGiven): Profile {
  switch (textOf(profile, 'mode')) {
    case '':
    case 'AK':
    case 'StsToken':
      return keys(profile, ['access_key_id', 'access_key_secret', 'sts_token', 'sts_expiration']);
    case 'OIDC':
      return otherSource(given, 'oidc', {
        oidcRole: textOf(profile, 'ram_role_arn'),
        oidcProvider: textOf(profile, 'oidc_provider_arn'),
        oidcTokenFile: textOf(profile, 'oidc_token_file'),
        ...(textOf(profile, 'ram_session_name') === '' ? {} : { oidcSession: textOf(profile, 'ram_session_name') }),
      });
    case 'EcsRamRole': {
      const metadataRole = textOf(profile, 'ram_role_name');
      return otherSource(given, 'metadata', metadataRole === '' ? {} : { metadataRole });
    }
    default:
      throw new CredentialsError(`the profile's mode is not one of AK, StsToken, OIDC, EcsRamRole; ${WITH_A_MODULE}`);
  }
}

const WITH_A_MODULE = 'for other modes use credentials.module, see docs/credentials.md';

/** source.ts reads the file again when it changes, and so finds keys that the tool has written anew. */
function keys(profile: Fields, [id, secret, token, expiration]: readonly [string, string, string, string]): Profile {
  const seconds = Number(profile[expiration] ?? 0);
  const credentials = {
    accessKeyId: textOf(profile, id),
    accessKeySecret: textOf(profile, secret),
    securityToken: textOf(profile, token),
    // The tools write 0 if they do not know the time.
    ...(seconds > 0 ? { expiration: seconds } : {}),
  };
  return { kind: 'credentials', credentials };
}

function otherSource(given: CredentialsGiven, from: 'oidc' | 'metadata', values: CredentialsGiven): Profile {
  const empty = Object.entries(values).find(([, value]) => value === '');
  if (empty !== undefined) throw new CredentialsError(`the profile has no value for credentials.${empty[0]}`);
  // After `process.chdir` it would be another file.
  if (values.oidcTokenFile !== undefined && !isAbsolute(values.oidcTokenFile))
    throw new CredentialsError("the profile's file for credentials.oidcTokenFile is a relative path; make it absolute");
  return { kind: 'source', given: { ...given, ...values, from } };
}
