// From what the user said, and what the environment says, to options that hold.
//
// Takes: an object from anywhere, and an environment. Gives: Options, or one error that lists every problem at once.
// Keeps: nothing. Never: a secret in the error, or half of a wrong configuration: nothing starts with a problem left.
// Order: option, then `PUTLOGS_*`, then the vendor's own variables, then the default.

import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type BaseIssue, getDotPath, type InferIssue, safeParse } from 'valibot';
import { defaultInstance } from '../batch/hashkey';
import { PutlogsError } from '../errors';
import { addressProblems, hostOf, networkProblems, withScheme } from './addresses';
import {
  type CredentialsKind,
  defaultsOf,
  isOfKind,
  kindSetUp,
  kindsSaid,
  lookedFor,
  ofOneFamily,
  requiredOf,
} from './chain';
import { clusterNumber } from './cluster';
import { misspeltVariables, proxyFrom, readEnvironment } from './environment';
import { nearest } from './nearest';
import { environmentName, type Options, optionLeaves, schema } from './schema';
import { isTargetName, TARGETS, type TargetFacts, type TargetName, targetOfHost, type Vendor } from './targets';
import { asTree, get, isSaid, setIfAbsent, type Tree } from './tree';

/** pino adds these to the options of every transport. */
const ADDED_BY_PINO = new Set(['$context', 'pinoWillSendConfig']);

const NAME_A_MODULE = 'name a module whose default export is the function';
/** What takes code takes it as the path of a module. */
const INSTEAD_OF_FUNCTION: Readonly<Record<string, string>> = {
  transform: `; ${NAME_A_MODULE}`,
  credentials: `; ${NAME_A_MODULE} by credentials.module`,
};

/** @throws PutlogsError `ERR_PUTLOGS_OPTIONS` */
export function resolveOptions(given: unknown, environment: NodeJS.ProcessEnv): Options {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new PutlogsError('ERR_PUTLOGS_OPTIONS', 'putlogs: the options must be an object');
  }
  const { tree, problems } = plainOptions(given ?? {});
  const variables = new Map<string, string>();
  const target = targetOf(tree, environment);
  const facts = TARGETS[target];
  const found = readEnvironment(environment, facts.vendor.variables);
  const kinds = kindsSaid(asTree(tree['credentials']), found);
  if (kinds.size > 1) problems.push(`credentials: of ${[...kinds].join(', ')} there can be one only`);
  const kind = [...kinds][0] ?? (facts.isSigned ? kindSetUp(found, environment, facts.vendor) : undefined);
  for (const { path, variable, value } of ofOneFamily(found)) {
    if (path.startsWith('credentials.') && !isOfKind(path, kind)) continue;
    // Of an anonymous target a key in the environment is for somebody else.
    if (!facts.isSigned && path.startsWith('credentials.') && variable !== environmentName(path)) continue;
    if (setIfAbsent(tree, path, value)) variables.set(path, variable);
  }
  for (const { path, variable, value } of proxyFrom(environment, tree)) {
    if (setIfAbsent(tree, path, value)) variables.set(path, variable);
  }
  for (const { variable, meant } of misspeltVariables(environment)) {
    problems.push(`${variable}: there is no such variable${didYouMean(meant)}`);
  }
  if (get(tree, 'enabled') !== false) {
    complete(tree, environment, target);
    if (kind !== undefined && facts.isSigned) {
      for (const [name, value] of Object.entries(defaultsOf(kind, environment, facts.vendor))) {
        setIfAbsent(tree, `credentials.${name}`, value);
      }
    }
    problems.push(...missing(tree, facts), ...addressProblems(tree, facts));
    // Of two kinds, or of one that is misspelt, it is not known what they lack.
    const isClear = kinds.size <= 1 && (kind !== undefined || get(tree, 'credentials.from') === undefined);
    if (isClear && facts.isSigned) problems.push(...missingCredentials(tree, facts, kind, environment));
    problems.push(...pairingProblems(tree, target), ...networkProblems(tree, variables));
    problems.push(...moduleProblems(tree));
  } else fillDisabled(tree);
  const result = safeParse(schema, tree);
  if (!result.success) problems.push(...result.issues.flatMap((issue) => describe(issue, variables)));
  if (!result.success || problems.length > 0) {
    const list = [...new Set(problems)].map((problem) => `\n  - ${problem}`).join('');
    throw new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs cannot start with these options:${list}`);
  }
  return result.output;
}

/** A copy without what is undefined, what pino added, and functions, which cannot cross to a worker thread. */
function plainOptions(given: object): { tree: Tree; problems: string[] } {
  const problems: string[] = [];
  const copy = (from: object, above: string): Tree =>
    Object.fromEntries(
      Object.entries(from).flatMap(([name, value]: [string, unknown]) => {
        if (value === undefined || (above === '' && ADDED_BY_PINO.has(name))) return [];
        if (typeof value === 'function' || typeof value === 'symbol') {
          const instead = above === '' ? INSTEAD_OF_FUNCTION[name] : undefined;
          problems.push(
            `${above}${name}: is a ${typeof value}; options are plain data, for they cross to a thread${instead ?? ''}`,
          );
          return [];
        }
        const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
        return [[name, nested ? copy(value, `${above}${name}.`) : value]];
      }),
    );
  return { tree: copy(given, ''), problems };
}

/** The target that is named, or that the address can only be meant for. A name that is none is told by the schema. */
function targetOf(tree: Tree, environment: NodeJS.ProcessEnv): TargetName {
  const named = tree['target'] ?? environment[environmentName('target')];
  if (isTargetName(named)) return named;
  const endpoint = tree['endpoint'] ?? environment[environmentName('endpoint')];
  return (typeof endpoint === 'string' ? targetOfHost(hostOf(endpoint)) : undefined) ?? 'volc-tls';
}

/** Fills in what follows from the rest. */
function complete(tree: Tree, environment: NodeJS.ProcessEnv, target: TargetName): void {
  const { vendor } = TARGETS[target];
  setIfAbsent(tree, 'target', target);
  const endpoint = tree['endpoint'];
  if (typeof endpoint === 'string') {
    tree['endpoint'] = withScheme(endpoint);
    setIfAbsent(tree, 'region', vendor.region.exec(hostOf(endpoint))?.[1]);
  }
  const region = tree['region'];
  if (typeof region === 'string') setIfAbsent(tree, 'endpoint', vendor.endpointOf(region));
  setIfAbsent(tree, 'source', hostname());
  setIfAbsent(tree, 'instance', defaultInstance(environment, hostname(), clusterNumber()));
  for (const group of groupsOf(optionLeaves().map(({ path }) => path))) setIfAbsent(tree, group, {});
}

/** Nothing is required of options that start nothing; what is there must still be right. */
function fillDisabled(tree: Tree): void {
  setIfAbsent(tree, 'target', 'volc-tls');
  setIfAbsent(tree, 'instance', 'disabled');
  setIfAbsent(tree, 'endpoint', 'https://disabled.invalid');
  setIfAbsent(tree, 'source', '');
  for (const group of groupsOf(optionLeaves().map(({ path }) => path))) setIfAbsent(tree, group, {});
  for (const name of ['accessKeyId', 'accessKeySecret']) setIfAbsent(tree, `credentials.${name}`, 'disabled');
}

function missing(tree: Tree, { required, vendor }: Pick<TargetFacts, 'required' | 'vendor'>): string[] {
  return required
    .filter((path) => !isSaid(get(tree, path)))
    .map((path) => {
      const variables = [environmentName(path), ...variablesOf(path, vendor)].join(' or ');
      return `${path}: is missing; set it, or ${variables} in the environment`;
    });
}

function missingCredentials(
  tree: Tree,
  { vendor }: TargetFacts,
  kind: CredentialsKind | undefined,
  environment: NodeJS.ProcessEnv,
): string[] {
  if (kind !== undefined) return missing(tree, { required: requiredOf(kind, vendor), vendor });
  return [lookedFor(environment, vendor, (path) => variablesOf(path, vendor)[0]!)];
}

function variablesOf(path: string, vendor: Vendor): string[] {
  const all = optionLeaves().find((leaf) => leaf.path === path)?.notes.vendor ?? [];
  return all.filter((name) => name.startsWith(vendor.variables));
}

/** What is said for another service than the one that is written to. */
function pairingProblems(tree: Tree, target: TargetName): string[] {
  const { unused, isSigned, compressions, maxBatchBytes, maxBatchCount, maxNameBytes } = TARGETS[target];
  const problems = Object.entries(unused)
    .filter(([path]) => isSaid(get(tree, path)))
    .map(([path, instead]) => `${path}: target ${target} has none, ${instead}; leave it out, or set another target`);
  if (!isSigned && isSaid(get(tree, 'credentials'))) {
    problems.push(`credentials: target ${target} has none, it is anonymous; leave them out, or set another target`);
  }
  const compression = get(tree, 'compression');
  if (compression !== undefined && !compressions.some((name) => name === compression)) {
    problems.push(`compression: target ${target} takes ${compressions.join(', ')}`);
  }
  for (const [path, most] of [
    ['batch.maxBytes', maxBatchBytes],
    ['batch.maxCount', maxBatchCount],
  ] as const) {
    if (Number(get(tree, path)) > most) problems.push(`${path}: target ${target} takes ${most} at most`);
  }
  for (const path of maxNameBytes === undefined ? [] : ['topic', 'source']) {
    const bytes = Buffer.byteLength(String(get(tree, path) ?? ''));
    if (bytes > maxNameBytes!) problems.push(`${path}: must be ${maxNameBytes} bytes at most`);
  }
  return problems;
}

/** A module that is not there is told where the options are given, and not by the worker that would load it. */
function moduleProblems(tree: Tree): string[] {
  const { transform } = tree;
  if (typeof transform !== 'string') return [];
  const path = resolve(transform);
  try {
    createRequire(path).resolve(path);
    return [];
  } catch {
    return [`transform: there is no module ${path}`];
  }
}

/** A problem as a person reads it. The value is never repeated: it may be the secret, or hold one. */
function describe(issue: InferIssue<typeof schema>, variables: ReadonlyMap<string, string>): string[] {
  // An empty name in pairs is the end of a path that says nothing.
  const path = (getDotPath(issue) ?? '').replace(/\.$/, '');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const paths = optionLeaves().map((leaf) => leaf.path);
    return [`${path}: there is no such option${didYouMean(nearest(path, [...paths, ...groupsOf(paths)]))}`];
  }
  // What is required is listed by name and variable already.
  if (issue.received === 'undefined') return [];
  const variable = variables.get(path) ?? variables.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
  return [`${path}${variable === undefined ? '' : ` (from ${variable})`}: ${demandOf(issue)}`];
}

/** valibot's own messages repeat what was given. */
function demandOf(issue: BaseIssue<unknown>): string {
  const { type, expected, requirement } = issue;
  switch (type) {
    case 'regex':
      return issue.message;
    case 'integer':
      return 'must be a whole number';
    case 'min_value':
      return `must be ${requirement} at least`;
    case 'max_value':
      return `must be ${requirement} at most`;
    case 'min_length':
      return 'must not be empty';
    case 'picklist':
      return `must be one of ${expected?.replace(/[()"]/g, '').replaceAll(' | ', ', ')}`;
    default:
      return `must be of type ${expected?.replace(/[()]/g, '').toLowerCase().replaceAll(' | ', ' or ')}`;
  }
}

function groupsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => path.includes('.')).map((path) => path.slice(0, path.indexOf('.'))))];
}

function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}
