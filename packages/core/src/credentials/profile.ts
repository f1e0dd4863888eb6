// What the vendor's command line tool was configured with: ~/.volcengine/config.json of `ve`, ~/.aliyun/config.json of
// `aliyun`.
//
// Takes: the file and the name of a profile. Gives: the profile's keys, or where it says to have them from. Keeps: nothing.
// Never: writes the file, or runs a program that it names.

import type { CredentialVendor } from '../options/target-facts';
import { readRegularLater } from '../runtime/regular-file';
import { readObject, textOf, Unusable } from './parse';
import type { CredentialsGiven } from './types';

export type ProfileSays =
  | { readonly kind: 'credentials'; readonly credentials: unknown }
  /** An OIDC role, or the instance's. */
  | { readonly kind: 'elsewhere'; readonly given: CredentialsGiven }
  /** A way of the vendor's that its own package knows. */
  | { readonly kind: 'vendor'; readonly mode: string; readonly profile: string };

type Fields = Record<string, unknown>;

export async function readProfile(given: CredentialsGiven, vendor: CredentialVendor): Promise<ProfileSays> {
  const config = readObject(await readRegularLater(given.profileFile ?? ''));
  const name = given.profile ?? (textOf(config, 'current') || 'default');
  const profile = find(config['profiles'], name);
  if (profile === undefined) {
    throw new Unusable(`there is no profile of that name in credentials.profileFile; check credentials.profile`);
  }
  return vendor === 'volcengine' ? volcengineProfile(profile, given) : aliyunProfile(profile, given, name);
}

/** By name, of an object of profiles or a list of them. */
function find(profiles: unknown, name: string): Fields | undefined {
  if (Array.isArray(profiles)) return (profiles as Fields[]).find((profile) => textOf(profile, 'name') === name);
  const found = Object.hasOwn((profiles ?? {}) as object, name) ? (profiles as Fields)[name] : undefined;
  return typeof found === 'object' && found !== null ? (found as Fields) : undefined;
}

function volcengineProfile(profile: Fields, given: CredentialsGiven): ProfileSays {
  switch (textOf(profile, 'mode').toLowerCase()) {
    case '':
    case 'ak':
    case 'ststoken':
      return keys(profile, ['access-key', 'secret-key', 'session-token', 'sts-expiration']);
    case 'oidc':
      return elsewhere(given, 'oidc', {
        oidcRole: textOf(profile, 'role-trn'),
        oidcTokenFile: textOf(profile, 'oidc-token-file'),
      });
    case 'ecsrole':
      return elsewhere(given, 'metadata', { metadataRole: textOf(profile, 'role-name') });
    default:
      throw new Unusable(`the profile's mode is not one of ak, ststoken, oidc, ecsrole; ${WITH_A_MODULE}`);
  }
}

function aliyunProfile(profile: Fields, given: CredentialsGiven, name: string): ProfileSays {
  const mode = textOf(profile, 'mode');
  switch (mode) {
    case '':
    case 'AK':
    case 'StsToken':
      return keys(profile, ['access_key_id', 'access_key_secret', 'sts_token', 'sts_expiration']);
    case 'OIDC':
      return elsewhere(given, 'oidc', {
        oidcRole: textOf(profile, 'ram_role_arn'),
        oidcProvider: textOf(profile, 'oidc_provider_arn'),
        oidcTokenFile: textOf(profile, 'oidc_token_file'),
        ...(textOf(profile, 'ram_session_name') === '' ? {} : { oidcSession: textOf(profile, 'ram_session_name') }),
      });
    case 'EcsRamRole': {
      const metadataRole = textOf(profile, 'ram_role_name');
      return elsewhere(given, 'metadata', metadataRole === '' ? {} : { metadataRole });
    }
    case 'RamRoleArn':
    case 'ChainableRamRoleArn':
    case 'CloudSSO':
    case 'OAuth':
    case 'External':
      return { kind: 'vendor', mode, profile: name };
    default:
      throw new Unusable(`the profile's mode is not one of the tool's; ${WITH_A_MODULE}`);
  }
}

const WITH_A_MODULE = 'give others with credentials.module';

/** Those in the file are read again when it changes, so a tool that renews them there is followed. */
function keys(
  profile: Fields,
  [id, secret, token, expiration]: readonly [string, string, string, string],
): ProfileSays {
  const seconds = Number(profile[expiration] ?? 0);
  const credentials = {
    accessKeyId: textOf(profile, id),
    accessKeySecret: textOf(profile, secret),
    securityToken: textOf(profile, token),
    // 0 is how the tools write that they do not know it.
    ...(seconds > 0 ? { expiration: seconds } : {}),
  };
  return { kind: 'credentials', credentials };
}

function elsewhere(given: CredentialsGiven, from: 'oidc' | 'metadata', said: CredentialsGiven): ProfileSays {
  const empty = Object.entries(said).find(([, value]) => value === '');
  if (empty !== undefined) throw new Unusable(`the profile lacks what is credentials.${empty[0]} here`);
  return { kind: 'elsewhere', given: { ...given, ...said, from } };
}
