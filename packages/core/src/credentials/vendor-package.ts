// The ways of `aliyun`'s profiles that want a signed request, a browser's login or a program to be run: they are
// @alicloud/credentials' own, an optional peer dependency, loaded when a profile says so.
//
// Takes: the name of a profile in ~/.aliyun/config.json. Gives: what the package gives. Keeps: its provider, which renews by
// itself what it has. Never: loads it for anything else: docs/credentials.md says why.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Unusable } from './parse';

interface Provider {
  getCredentials(): Promise<{ accessKeyId?: unknown; accessKeySecret?: unknown; securityToken?: unknown }>;
}
interface Builder {
  withProfileName(name: string): Builder;
  build(): Provider;
}
interface Package {
  CLIProfileCredentialsProvider: { builder(): Builder };
}

/** The package does not say when its credentials expire, and renews them when it is asked: so it is asked this often. */
const ASK_AGAIN_MS = 60_000;

let provider: { readonly profile: string; readonly provider: Provider } | undefined;

export async function askVendorPackage(
  profile: string,
  mode: string,
  aheadMs: number,
  nowMs: number,
): Promise<unknown> {
  if (provider?.profile !== profile)
    provider = { profile, provider: load(mode).builder().withProfileName(profile).build() };
  const { accessKeyId, accessKeySecret, securityToken } = await provider.provider.getCredentials().catch(() => {
    const command = `aliyun sts GetCallerIdentity --profile ${profile}`;
    throw new Unusable(`@alicloud/credentials has none for the mode ${mode}; see what the tool says: ${command}`);
  });
  return { accessKeyId, accessKeySecret, securityToken, expiration: nowMs + aheadMs + ASK_AGAIN_MS };
}

/** Not by our own `require`: a bundler would take the package for one that has to be there. */
function load(mode: string): Package['CLIProfileCredentialsProvider'] {
  for (const from of [__filename, join(process.cwd(), 'package.json')]) {
    try {
      return (createRequire(from)('@alicloud/credentials') as Package).CLIProfileCredentialsProvider;
    } catch {
      // Not from here; where from nowhere, that is told below.
    }
  }
  throw new Unusable(`the profile's mode ${mode} needs the package @alicloud/credentials; install it beside putlogs`);
}
