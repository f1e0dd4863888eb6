// Options from environment variables.
// Takes: an environment. Gives: the options it sets, each with the name of its variable, for the error that may follow.
// Keeps: nothing. Never: decides whether a value is good: a text that is no number stays a text, and the schema says so.

import { nearest } from './did-you-mean';
import { environmentName, type OptionLeaf, optionLeaves } from './schema';

const PREFIX = 'PUTLOGS_';

export interface FromEnvironment {
  readonly path: string;
  readonly variable: string;
  readonly value: unknown;
}

/** @param vendorPrefix how the variables begin of the vendor whose service is written to; the others' are not meant. */
export function readEnvironment(environment: NodeJS.ProcessEnv, vendorPrefix: string): FromEnvironment[] {
  return optionLeaves().flatMap((leaf) => {
    const vendor = leaf.notes.vendor?.filter((name) => name.startsWith(vendorPrefix)) ?? [];
    for (const variable of [environmentName(leaf.path), ...vendor]) {
      const text = environment[variable];
      // An empty variable is one that a deployment file left unset.
      if (text !== undefined && text !== '') return [{ path: leaf.path, variable, value: readText(text, leaf) }];
    }
    return [];
  });
}

/**
 * Variables that look like one of ours misspelt, each with the one it looks like. Not every `PUTLOGS_` variable is
 * meant for us: for a service called putlogs, Kubernetes sets `PUTLOGS_PORT` and `PUTLOGS_SERVICE_HOST`.
 */
export function misspeltVariables(environment: NodeJS.ProcessEnv): { variable: string; meant: string }[] {
  const known = new Map(optionLeaves().map(({ path }) => [environmentName(path).slice(PREFIX.length), path]));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX) && !known.has(variable.slice(PREFIX.length)))
    .flatMap((variable) => {
      const meant = nearest(variable.slice(PREFIX.length), [...known.keys()]);
      return meant === undefined ? [] : [{ variable, meant: PREFIX + meant }];
    });
}

/** What everybody's tools read: in either case, the small letters first, and for https in plain the other's, too. */
export function proxyFrom(environment: NodeJS.ProcessEnv, { endpoint }: { endpoint?: unknown }): FromEnvironment[] {
  const first = (path: string, names: readonly string[]): FromEnvironment[] => {
    const variable = names.find((name) => environment[name] !== undefined && environment[name] !== '');
    if (variable === undefined) return [];
    const text = environment[variable]!;
    // Curl and others take a host without its scheme.
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

/** The value that a text stands for, in a variable or a flag. What is not of its kind stays a text. */
export function readText(text: string, { kind, notes }: OptionLeaf): unknown {
  switch (notes.text) {
    case 'list':
      return text.split(',').map((item) => item.trim());
    case 'pairs':
      return readPairs(text, (value) => value);
    case 'number pairs':
      return readPairs(text, readNumber);
    default:
      if (kind === 'number') return readNumber(text);
      return kind === 'boolean' ? readBoolean(text) : text;
  }
}

function readNumber(text: string): unknown {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  return /^(false|0|no|off)$/i.test(text) ? false : text;
}

/** `env=prod,team=core`. */
function readPairs(text: string, read: (value: string) => unknown): unknown {
  const pairs = text.split(',').map((pair) => {
    const equals = pair.indexOf('=');
    return equals > 0 ? ([pair.slice(0, equals).trim(), read(pair.slice(equals + 1).trim())] as const) : undefined;
  });
  return pairs.includes(undefined) ? text : Object.fromEntries(pairs as [string, unknown][]);
}
