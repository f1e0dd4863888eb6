// From where a person's credentials are to their text: a file, a module, an OIDC role, the command line tool's profile,
// the machine's metadata service.
//
// Takes: what the options say, and a way to ask a service. Gives: whatever is there, unread. Keeps: nothing. Never: asks
// again, or in turn: one source is chosen when the options are read, and who it is does not change behind one's back.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CredentialVendor } from '../options/target-facts';
import { readRegularLater } from '../runtime/regular-file';
import { readObject, Unusable } from './parse';
import type { Ask, CredentialsGiven } from './types';

export interface ShipperDeps {
  readonly vendor: CredentialVendor;
  readonly ask: Ask;
  readonly nowMs: number;
  /** How long before they expire they are asked for again. */
  readonly aheadMs: number;
}

export async function provide(given: CredentialsGiven, { vendor, ask, nowMs, aheadMs }: ShipperDeps): Promise<unknown> {
  if (given.file !== undefined) return readObject(await readRegularLater(given.file));
  if (given.module !== undefined) return callModule(given.module);
  switch (given.from) {
    case 'oidc': {
      const { assumeRole } = require('./oidc') as typeof import('./oidc');
      return assumeRole(given, vendor, ask, nowMs);
    }
    case 'metadata': {
      const { instanceRole } = require('./metadata') as typeof import('./metadata');
      return instanceRole(given, vendor, ask);
    }
    case 'profile': {
      const { readProfile } = require('./profile') as typeof import('./profile');
      const says = await readProfile(given, vendor);
      if (says.kind === 'credentials') return says.credentials;
      if (says.kind === 'elsewhere') return provide(says.given, { vendor, ask, nowMs, aheadMs });
      const { askVendorPackage } = require('./vendor-package') as typeof import('./vendor-package');
      return askVendorPackage(says.profile, says.mode, aheadMs, nowMs);
    }
    default:
      throw new Unusable('no source was named');
  }
}

/** The module's function, however the module was written. It is loaded once, by node. */
async function callModule(path: string): Promise<unknown> {
  // The comment is for webpack, which would otherwise look for the module among those that it has bundled.
  let exported: unknown = await import(/* webpackIgnore: true */ pathToFileURL(resolve(path)).href);
  for (let depth = 0; depth < 2 && typeof exported === 'object' && exported !== null; depth += 1) {
    exported = (exported as { default?: unknown }).default;
  }
  if (typeof exported !== 'function') throw new Unusable('its default export is not a function');
  return (exported as () => unknown)();
}
