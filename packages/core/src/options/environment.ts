// Reads options from environment variables. Each value keeps the name of its variable, for error messages.

import { nearest } from './did-you-mean';
import { environmentName, optionLeaves } from './leaves';
import { isOfService } from './service-links';
import { readText } from './text-values';

const PREFIX = 'PUTLOGS_';

export interface FromEnvironment {
  readonly path: string;
  readonly variable: string;
  readonly value: unknown;
}

/** @param vendorPrefix the prefix of the variables of the target's vendor; those of the other vendor are not read */
export function readEnvironment(environment: NodeJS.ProcessEnv, vendorPrefix: string): FromEnvironment[] {
  return optionLeaves().flatMap((leaf) => {
    const vendor = leaf.notes.vendor?.filter((name) => name.startsWith(vendorPrefix)) ?? [];
    for (const variable of [environmentName(leaf.path), ...vendor]) {
      const text = environment[variable];
      // Deployment files often leave an unset variable empty.
      if (text === undefined || text === '' || isOfService(variable, text)) continue;
      return [{ path: leaf.path, variable, value: readText(text, leaf) }];
    }
    return [];
  });
}

/**
 * Returns variables that look like one of ours with a typo, each with the nearest name. Other `PUTLOGS_` variables are
 * ignored, because the application may have some of its own.
 */
export function misspeltVariables(environment: NodeJS.ProcessEnv): { variable: string; meant: string }[] {
  const known = new Map(optionLeaves().map(({ path }) => [environmentName(path).slice(PREFIX.length), path]));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX) && !known.has(variable.slice(PREFIX.length)))
    .filter((variable) => !isOfService(variable, environment[variable] ?? ''))
    .flatMap((variable) => {
      const meant = nearest(variable.slice(PREFIX.length), [...known.keys()]);
      return meant === undefined ? [] : [{ variable, meant: PREFIX + meant }];
    });
}

/** Reads the proxy variables as other tools do: lower case first; for https also those for http. */
export function proxyFrom(environment: NodeJS.ProcessEnv, { endpoint }: { endpoint?: unknown }): FromEnvironment[] {
  const first = (path: string, names: readonly string[]): FromEnvironment[] => {
    const variable = names.find((name) => environment[name] !== undefined && environment[name] !== '');
    if (variable === undefined) return [];
    const text = environment[variable]!;
    // curl and other tools accept a host without a scheme.
    const value = path === 'proxy' && !text.includes('://') ? `http://${text}` : text;
    return [{ path, variable, value }];
  };
  const isPlain = typeof endpoint === 'string' && /^http:/i.test(endpoint);
  const plain = ['http_proxy', 'HTTP_PROXY'];
  return [
    ...first('proxy', isPlain ? plain : ['https_proxy', 'HTTPS_PROXY', ...plain]),
    ...first('noProxy', ['no_proxy', 'NO_PROXY']),
  ];
}
