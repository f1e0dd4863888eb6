// Reads options from environment variables. Each value keeps the name of its variable, for error messages.
//
// Kubernetes sets variables for each service in every container of a namespace. Their names begin with the name of the
// service. For a service `putlogs-spool` with a port 80 that is called http:
//
//   PUTLOGS_SPOOL_SERVICE_HOST=10.0.0.1            PUTLOGS_SPOOL_PORT_80_TCP=tcp://10.0.0.1:80
//   PUTLOGS_SPOOL_SERVICE_PORT=80                  PUTLOGS_SPOOL_PORT_80_TCP_PROTO=tcp
//   PUTLOGS_SPOOL_SERVICE_PORT_HTTP=80             PUTLOGS_SPOOL_PORT_80_TCP_PORT=80
//   PUTLOGS_SPOOL_PORT=tcp://10.0.0.1:80           PUTLOGS_SPOOL_PORT_80_TCP_ADDR=10.0.0.1
//
// They are no options with a typo. Name and value must both have the form. So a typo is still found, and an option
// whose name ends in the same way keeps its variable.

import { isIP } from 'node:net';
import { nearest } from './did-you-mean';
import { environmentName, optionLeaves } from './leaves';
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

const PORT = /^\d{1,5}$/;
const LINK = /^(?:tcp|udp|sctp):\/\/[^\s/]+:\d{1,5}$/;
const PROTOCOL = /^(?:tcp|udp|sctp)$/;

/** The end of a name, and the form of its value. */
const FORMS: readonly (readonly [name: RegExp, isOfForm: (value: string) => boolean])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, (value) => PORT.test(value)],
  [/_PORT(?:_\d{1,5}_(?:TCP|UDP|SCTP))?$/, (value) => LINK.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PROTO$/, (value) => PROTOCOL.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PORT$/, (value) => PORT.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
];

/** Whether a variable whose name begins with ours was set for a service. */
export function isOfService(variable: string, value: string): boolean {
  return FORMS.some(([name, isOfForm]) => name.test(variable) && isOfForm(value));
}

function isAddress(value: string): boolean {
  return isIP(value) !== 0;
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
