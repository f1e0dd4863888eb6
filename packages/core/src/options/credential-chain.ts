// Whose credentials are meant: as somebody says, or else the first of the vendor's usual sources that is set up.
//
// Takes: the options so far, what the environment says, and the environment. Gives: one kind of source, what it still
// needs, and what to say where there is none. Keeps: nothing. Never: reads a secret, or asks whether a source works: one
// that is set up and broken is told, and not passed over for another, which may be somebody else.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FromEnvironment } from './environment';
import { environmentName } from './schema';
import type { Vendor } from './target-facts';

export type CredentialsKind = 'keys' | 'file' | 'module' | 'oidc' | 'profile' | 'metadata';

/** The options by which one says which it is. The two addresses say nothing: a profile may lead to either service. */
const KIND_OF: Readonly<Record<string, CredentialsKind>> = {
  accessKeyId: 'keys',
  accessKeySecret: 'keys',
  securityToken: 'keys',
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

/** What people set for the vendor's own tools, and where those look. */
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

type Said = Readonly<Record<string, unknown>>;

/** As the options say, and else as our own variables say. None: whatever there is. More than one: a mistake. */
export function kindsSaid(options: Said, found: readonly FromEnvironment[]): Set<CredentialsKind> {
  const own = Object.fromEntries(found.filter(isOurs).map(({ path, value }) => [nameOf(path), value]));
  const kinds = kindsOf(options);
  return kinds.size > 0 ? kinds : kindsOf(own);
}

function kindsOf(said: Said): Set<CredentialsKind> {
  const { from } = said;
  const named: CredentialsKind | undefined =
    from === 'oidc' || from === 'profile' || from === 'metadata' ? from : undefined;
  const kinds = [named, ...Object.keys(said).map((name) => KIND_OF[name])] as const;
  return new Set(kinds.filter((kind): kind is CredentialsKind => kind !== undefined));
}

/** The first of the vendor's usual sources that is set up. */
export function kindSetUp(
  found: readonly FromEnvironment[],
  environment: NodeJS.ProcessEnv,
  vendor: Vendor,
): CredentialsKind | undefined {
  const chain = CHAINS[vendor.id];
  const has = (name: string) => found.some(({ path }) => path === `credentials.${name}`);
  if (has('accessKeyId') || has('accessKeySecret')) return 'keys';
  if (chain.oidc.every(has)) return 'oidc';
  const off = chain.profileOff === undefined ? undefined : environment[chain.profileOff];
  const said = found.find(({ path }) => path === 'credentials.profileFile')?.value;
  const profileFile = typeof said === 'string' ? said : profileFileOf(environment, chain);
  if (!isTrue(off) && profileFile !== undefined && existsSync(profileFile)) return 'profile';
  return has('metadataRole') && !isTrue(environment[chain.metadataOff]) ? 'metadata' : undefined;
}

/** Whether an option that the environment sets is one of the kind that is meant. */
export function isOfKind(path: string, kind: CredentialsKind | undefined): boolean {
  const of = KIND_OF[nameOf(path)];
  if (of !== undefined) return of === kind;
  // Whatever it says: the schema tells a slip.
  if (path === 'credentials.from') return true;
  return kind === 'oidc' || kind === 'profile' || kind === 'metadata';
}

/**
 * The vendor's older tools and its newer ones have other names for the same keys: a token of the one does not go with a
 * key of the other.
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

/** The options without which the kind is of no use. */
export function requiredOf(kind: CredentialsKind, vendor: Vendor): readonly string[] {
  if (kind === 'keys') return ['credentials.accessKeyId', 'credentials.accessKeySecret'];
  return kind === 'oidc' ? CHAINS[vendor.id].oidc.map((name) => `credentials.${name}`) : [];
}

/** What is the same for everybody who has not said otherwise. */
export function defaultsOf(kind: CredentialsKind, environment: NodeJS.ProcessEnv, vendor: Vendor): Said {
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

/** Where there are no credentials at all. */
export function lookedFor(
  environment: NodeJS.ProcessEnv,
  vendor: Vendor,
  variableOf: (path: string) => string,
): string {
  const chain = CHAINS[vendor.id];
  const all = (names: readonly string[]) => names.map((name) => variableOf(`credentials.${name}`)).join(' and ');
  const keys = ['accessKeyId', 'accessKeySecret'];
  const places = [
    all(keys),
    all(chain.oidc),
    profileFileOf(environment, chain) ?? join('~', ...chain.profileFile),
    variableOf('credentials.metadataRole'),
  ];
  const own = keys.map((name) => `credentials.${name}`);
  const variables = own.map(environmentName).join(' and ');
  return `there are none; looked for ${places.join(', then ')}; set one of these, or ${own.join(' and ')} (${variables})`;
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
