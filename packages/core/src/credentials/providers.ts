// Fetches credentials from the one source that the options name. It is a file, a module, an OIDC role, a profile of the
// vendor's command line tool, or the metadata service of the machine.
//
// The source is chosen when the options are read. No other source is tried if it fails, because another source could
// belong to another account.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { CredentialVendor } from '../options/target-facts';
import { defaultExportOf } from '../runtime/default-export';
import { readRegularLater } from '../runtime/regular-file';
import { instanceRole } from './metadata';
import { assumeRole } from './oidc';
import { CredentialsError, readObject } from './parse';
import { readProfile } from './profile';
import type { CredentialsGiven, Fetch } from './types';

export interface ProviderContext {
  readonly vendor: CredentialVendor;
  readonly fetch: Fetch;
  readonly nowMs: number;
}

/** Returns the source's answer, which `readCredentials` checks. @throws CredentialsError, or the system's error */
export async function provide(given: CredentialsGiven, context: ProviderContext): Promise<unknown> {
  if (given.file !== undefined) return readObject(await readRegularLater(given.file));
  if (given.module !== undefined) return callModule(given.module);
  const { vendor, fetch, nowMs } = context;
  switch (given.from) {
    case 'oidc':
      return assumeRole(given, vendor, fetch, nowMs);
    case 'metadata':
      return instanceRole(given, vendor, fetch);
    case 'profile': {
      const profile = await readProfile(given, vendor);
      return profile.kind === 'credentials' ? profile.credentials : provide(profile.given, context);
    }
    default:
      throw new CredentialsError('no source was named');
  }
}

/** By path. */
const modules = new Map<string, Promise<unknown>>();

/**
 * Loads a module in ES or CommonJS format, once. It is called at the start, because Jest refuses every `import` after
 * the end of a suite. A failure is not kept: the next refresh loads the module again, and reports it.
 * @param path absolute
 */
export function loadModule(path: string): Promise<unknown> {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const loading = importOf(path);
  modules.set(path, loading);
  loading.catch(() => modules.delete(path));
  return loading;
}

async function importOf(path: string): Promise<unknown> {
  try {
    // Without the comment webpack would look for the module inside its bundle.
    return await import(/* webpackIgnore: true */ pathToFileURL(path).href);
  } catch (error) {
    if (!lacksImport(error)) throw error;
    return createRequire(path)(path);
  }
}

/** Whether a context of node:vm has no `import`, as in a suite of Jest. */
function lacksImport(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return String(code).startsWith('ERR_VM_') || String(message).includes('ES Modules in the VM API');
}

/** Calls the default export of a module. @param path absolute */
async function callModule(path: string): Promise<unknown> {
  const exported = defaultExportOf(await loadModule(path));
  if (typeof exported !== 'function') throw new CredentialsError('its default export is not a function');
  return (exported as () => unknown)();
}
