// Chooses the source of credentials: the one that the user names, else the first configured one of the vendor's list.
//
// If the source fails, that is reported later. The next source is not tried, because it may belong to another account.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FromEnvironment } from './environment';
import { environmentName } from './leaves';
import type { Vendor } from './target-facts';

export type CredentialsKind = 'keys' | 'apiKey' | 'file' | 'module' | 'oidc' | 'profile' | 'metadata';

/**
 * The options that name a kind. The two addresses do not, because a profile may lead to STS or the metadata service.
 */
const KIND_OF: Readonly<Record<string, CredentialsKind>> = {
  accessKeyId: 'keys',
  accessKeySecret: 'keys',
  securityToken: 'keys',
  apiKey: 'apiKey',
  file: 'file',
  module: 'module',
  oidcRole: 'oidc',
  oidcProvider: 'oidc',
  oidcTokenFile: 'oidc',
  oidcSession: 'oidc',
  oidcPolicy: 'oidc',
  profile: 'profile',
  profileFile: 'profile',
  metadataRole: 'metadata',
};

/** What users set for the vendor's own tools, and where those tools look. */
interface Chain {
  readonly oidc: readonly string[];
  readonly profileFile: readonly string[];
  readonly profileOff?: string;
  readonly metadataOff: string;
  readonly metadataEndpoint: string;
  readonly stsEndpoint: (environment: NodeJS.ProcessEnv) => string;
}

const CHAINS: Readonly<Record<Vendor['id'], Chain>> = {
  volcengine: {
    oidc: ['oidcRole', 'oidcTokenFile'],
    profileFile: ['.volcengine', 'config.json'],
    metadataOff: 'VOLCENGINE_ECS_METADATA_DISABLED',
    metadataEndpoint: 'http://100.96.0.96',
    stsEndpoint: () => 'https://sts.volcengineapi.com',
  },
  aliyun: {
    oidc: ['oidcRole', 'oidcProvider', 'oidcTokenFile'],
    profileFile: ['.aliyun', 'config.json'],
    profileOff: 'ALIBABA_CLOUD_CLI_PROFILE_DISABLED',
    metadataOff: 'ALIBABA_CLOUD_ECS_METADATA_DISABLED',
    metadataEndpoint: 'http://100.100.100.200',
    stsEndpoint: ({ ALIBABA_CLOUD_STS_REGION: region, ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: vpc }) =>
      `https://sts${isTrue(vpc) && region ? '-vpc' : ''}${region ? `.${region}` : ''}.aliyuncs.com`,
  },
};

type CredentialOptions = Readonly<Record<string, unknown>>;

/** Returns the kinds that the options name, else those that our own variables name. More than one is a mistake. */
export function explicitKinds(options: CredentialOptions, found: readonly FromEnvironment[]): Set<CredentialsKind> {
  const own = Object.fromEntries(found.filter(isOurs).map(({ path, value }) => [nameOf(path), value]));
  const kinds = kindsOf(options);
  return kinds.size > 0 ? kinds : kindsOf(own);
}

/** The name may be one that every object has, such as `constructor`. */
function kindOf(name: string): CredentialsKind | undefined {
  return Object.hasOwn(KIND_OF, name) ? KIND_OF[name] : undefined;
}

function kindsOf(options: CredentialOptions): Set<CredentialsKind> {
  const { from } = options;
  const named: CredentialsKind | undefined =
    from === 'oidc' || from === 'profile' || from === 'metadata' ? from : undefined;
  const kinds = [named, ...Object.keys(options).map(kindOf)] as const;
  return new Set(kinds.filter((kind): kind is CredentialsKind => kind !== undefined));
}

/** Returns the first configured source of the vendor's list. */
export function kindSetUp(
  found: readonly FromEnvironment[],
  environment: NodeJS.ProcessEnv,
  vendor: Vendor,
): CredentialsKind | undefined {
  const chain = CHAINS[vendor.id];
  const has = (name: string) => found.some(({ path }) => path === `credentials.${name}`);
  if (has('accessKeyId') || has('accessKeySecret')) return 'keys';
  if (has('apiKey')) return 'apiKey';
  if (chain.oidc.every(has)) return 'oidc';
  const off = chain.profileOff === undefined ? undefined : environment[chain.profileOff];
  const setFile = found.find(({ path }) => path === 'credentials.profileFile')?.value;
  const profileFile = typeof setFile === 'string' ? setFile : profileFileOf(environment, chain);
  if (!isTrue(off) && profileFile !== undefined && existsSync(profileFile)) return 'profile';
  return has('metadataRole') && !isTrue(environment[chain.metadataOff]) ? 'metadata' : undefined;
}

/** Returns true if an option belongs to the kind. */
export function isOfKind(path: string, kind: CredentialsKind | undefined): boolean {
  const of = KIND_OF[nameOf(path)];
  if (of !== undefined) return of === kind;
  // The schema reports a typo in it.
  if (path === 'credentials.from') return true;
  return kind === 'oidc' || kind === 'profile' || kind === 'metadata';
}

/**
 * Leaves out variables of another family than the key. The vendor's older and newer tools have different variables for
 * the same keys. A token of one family does not belong to a key of the other.
 */
export function ofOneFamily(found: readonly FromEnvironment[]): readonly FromEnvironment[] {
  const newer = ['VOLCENGINE_ACCESS_KEY', 'VOLCENGINE_SECRET_KEY', 'VOLCENGINE_SESSION_TOKEN'];
  const id = found.find(({ path }) => path === 'credentials.accessKeyId');
  if (id === undefined || isOurs(id)) return found;
  return found.filter(
    (one) =>
      KIND_OF[nameOf(one.path)] !== 'keys' ||
      isOurs(one) ||
      newer.includes(one.variable) === newer.includes(id.variable),
  );
}

/** Returns the options that a kind requires. */
export function requiredOf(kind: CredentialsKind, vendor: Vendor): readonly string[] {
  if (kind === 'keys') return ['credentials.accessKeyId', 'credentials.accessKeySecret'];
  if (kind === 'apiKey') return ['credentials.apiKey'];
  return kind === 'oidc' ? CHAINS[vendor.id].oidc.map((name) => `credentials.${name}`) : [];
}

/** Returns the defaults of a kind's options. */
export function defaultsOf(kind: CredentialsKind, environment: NodeJS.ProcessEnv, vendor: Vendor): CredentialOptions {
  const { metadataEndpoint, stsEndpoint, ...chain } = CHAINS[vendor.id];
  const sts = { stsEndpoint: stsEndpoint(environment) };
  switch (kind) {
    case 'oidc':
      return { from: kind, ...sts };
    case 'metadata':
      return { from: kind, metadataEndpoint };
    case 'profile':
      return { from: kind, profileFile: profileFileOf(environment, chain), metadataEndpoint, ...sts };
    default:
      return {};
  }
}

/** Returns a sentence that lists all places that were searched for credentials. */
export function lookedFor(
  environment: NodeJS.ProcessEnv,
  vendor: Vendor,
  variableOf: (path: string) => string | undefined,
): string {
  const chain = CHAINS[vendor.id];
  const all = (names: readonly string[]) => names.map((name) => variableOf(`credentials.${name}`)).join(' and ');
  const keys = ['accessKeyId', 'accessKeySecret'];
  const places = [
    all(keys),
    variableOf('credentials.apiKey'),
    all(chain.oidc),
    profileFileOf(environment, chain) ?? join('~', ...chain.profileFile),
    variableOf('credentials.metadataRole'),
  ];
  const own = keys.map((name) => `credentials.${name}`);
  const variables = own.map(environmentName).join(' and ');
  const looked = places.filter((place) => place !== undefined).join(', then ');
  return `none found; looked for ${looked}; set one of these, or ${own.join(' and ')} (${variables})`;
}

function profileFileOf(
  environment: NodeJS.ProcessEnv,
  { profileFile }: Pick<Chain, 'profileFile'>,
): string | undefined {
  const home = environment['HOME'] || environment['USERPROFILE'];
  return home ? join(home, ...profileFile) : undefined;
}

function nameOf(path: string): string {
  return path.startsWith('credentials.') ? path.slice('credentials.'.length) : '';
}

function isOurs({ path, variable }: FromEnvironment): boolean {
  return variable === environmentName(path);
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
