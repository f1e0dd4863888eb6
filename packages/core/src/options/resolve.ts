// From what the user said, and what the environment says, to options that hold, and where each of them came from.
//
// Takes: objects from anywhere, the first before the next, and an environment. Gives: Options, or every problem at once;
// and of each value its origin, for whoever asks. Keeps: nothing. Never: a secret in a problem, or half of a wrong
// configuration: nothing starts with a problem left.
// Order: what is given, then `PUTLOGS_*`, then the vendor's own variables, then the default.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { safeParse } from 'valibot';
import { PutlogsError } from '../errors';
import { addressProblems, hostOf, networkProblems, withScheme } from './addresses';
import { clusterNumber } from './cluster';
import { defaultsOf, isOfKind, kindSetUp, kindsSaid, ofOneFamily } from './credential-chain';
import { misspeltVariables, proxyFrom, readEnvironment } from './environment';
import { defaultInstance } from './instance';
import { asTree, get, groupsOf, isTree, setIfAbsent, type Tree } from './option-tree';
import {
  describe,
  didYouMean,
  missing,
  missingCredentials,
  moduleProblems,
  type Problem,
  pairingProblems,
  spoolProblems,
} from './problems';
import { environmentName, type Options, optionLeaves, schema } from './schema';
import { isTargetName, TARGETS, type TargetName, targetOfHost } from './target-facts';

/** pino adds these to the options of every transport. */
const ADDED_BY_PINO = new Set(['$context', 'pinoWillSendConfig']);

const NAME_A_MODULE = 'name a module whose default export is the function';
/** What takes code takes it as the path of a module. */
const INSTEAD_OF_FUNCTION: Readonly<Record<string, string>> = {
  transform: `; ${NAME_A_MODULE}`,
  credentials: `; ${NAME_A_MODULE} by credentials.module`,
};

/** One place where somebody has said options. */
export interface Given {
  readonly options: unknown;
  /** What this place is called for an option: `--batch-max-bytes`, or a file's name; nothing for a program's own object. */
  readonly nameOf?: (path: string) => string;
}

/** Where a value came from. */
export type Origin =
  | { readonly kind: 'given'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** One of the vendor's own variables. */
  | { readonly kind: 'vendor variable'; readonly name: string }
  /** It follows from the rest; `name` says from what. */
  | { readonly kind: 'derived'; readonly name: string }
  | { readonly kind: 'default'; readonly name: '' };

export interface Explained {
  /** Nothing where there is a problem. */
  readonly options: Options | undefined;
  /** Each a sentence that names the option, and where its value came from. */
  readonly problems: readonly string[];
  /** Those of them that are names of no option and no variable, whatever else is set. */
  readonly slips: readonly string[];
  /** As far as it is known, though there may be problems. */
  readonly valueOf: (path: string) => unknown;
  readonly originOf: (path: string) => Origin;
}

/** @throws PutlogsError `ERR_PUTLOGS_OPTIONS` */
export function resolveOptions(given: unknown, environment: NodeJS.ProcessEnv): Options {
  return optionsOf(explainOptions([{ options: given }], environment));
}

/** @throws PutlogsError `ERR_PUTLOGS_OPTIONS` */
export function optionsOf({ options, problems }: Explained): Options {
  if (options !== undefined) return withAbsolutePaths(options);
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  throw new PutlogsError('ERR_PUTLOGS_OPTIONS', `putlogs cannot start with these options:${list}`);
}

/** Paths stay what they are now, whatever `process.chdir` does: a worker that is replaced later uses the same files. */
function withAbsolutePaths(options: Options): Options {
  const { spool, deadLetter } = options;
  return {
    ...options,
    spool: spool.dir === undefined ? spool : { ...spool, dir: resolve(spool.dir) },
    deadLetter: deadLetter.file === undefined ? deadLetter : { ...deadLetter, file: resolve(deadLetter.file) },
  };
}

/** @param setBy how a person sets an option, for what is missing */
export function explainOptions(
  given: readonly Given[],
  environment: NodeJS.ProcessEnv,
  setBy: (path: string) => string = () => 'it',
): Explained {
  const origins = new Map<string, Origin>();
  const problems: Problem[] = [];
  const tree: Tree = {};
  const add = (found: readonly Problem[]) => {
    for (const problem of found) problems.push(problem);
  };
  for (const one of given) add(merge(tree, one, origins));
  const target = targetOf(tree, environment);
  const facts = TARGETS[target];
  const found = readEnvironment(environment, facts.vendor.variables);
  const kinds = kindsSaid(asTree(tree['credentials']), found);
  const kind = [...kinds][0] ?? (facts.isSigned ? kindSetUp(found, environment, facts.vendor) : undefined);
  for (const { path, variable, value } of ofOneFamily(found)) {
    if (path.startsWith('credentials.') && !isOfKind(path, kind)) continue;
    const isOurs = variable === environmentName(path);
    // Of an anonymous target a key in the environment is for somebody else.
    if (!facts.isSigned && path.startsWith('credentials.') && !isOurs) continue;
    if (setIfAbsent(tree, path, value)) {
      origins.set(path, { kind: isOurs ? 'variable' : 'vendor variable', name: variable });
    }
  }
  for (const { path, variable, value } of proxyFrom(environment, tree)) {
    if (setIfAbsent(tree, path, value)) origins.set(path, { kind: 'variable', name: variable });
  }
  if (kinds.size > 1) {
    problems.push({ path: 'credentials', text: `of ${[...kinds].join(', ')} there can be one only` });
  }
  for (const { variable, meant } of misspeltVariables(environment)) {
    problems.push({ path: variable, text: `there is no such variable${didYouMean(meant)}` });
  }
  if (get(tree, 'enabled') !== false) {
    complete(tree, environment, target, origins);
    if (kind !== undefined && facts.isSigned) {
      for (const [name, value] of Object.entries(defaultsOf(kind, environment, facts.vendor))) {
        const origin = { kind: 'derived', name: name === 'from' ? 'what is set up' : "the vendor's own" } as const;
        if (setIfAbsent(tree, `credentials.${name}`, value)) origins.set(`credentials.${name}`, origin);
      }
    }
    add(missing(tree, facts, setBy));
    add(addressProblems(tree, facts));
    // Of two kinds, or of one that is misspelt, it is not known what they lack.
    const isClear = kinds.size <= 1 && (kind !== undefined || get(tree, 'credentials.from') === undefined);
    if (isClear && facts.isSigned) add(missingCredentials(tree, facts, kind, environment, setBy));
    add(pairingProblems(tree, target));
    add(networkProblems(tree));
    add(moduleProblems(tree));
  } else fillDisabled(tree);
  const result = safeParse(schema, tree);
  if (!result.success) add(result.issues.flatMap(describe));
  else add(spoolProblems(result.output));
  const paths = optionLeaves().map(({ path }) => path);
  const isName = ({ path }: Problem) =>
    [...paths, ...groupsOf(paths)].some(
      (name) => path === name || (path.startsWith(`${name}.`) && paths.includes(name)),
    );
  const told = (some: readonly Problem[]) => [...new Set(some.map((problem) => sentence(problem, origins)))];
  const isWhole = result.success && problems.length === 0;
  return {
    options: isWhole ? result.output : undefined,
    problems: told(problems),
    slips: told(problems.filter((problem) => !isName(problem))),
    valueOf: (path) => get(isWhole ? (result.output as Tree) : tree, path),
    originOf: (path) => origins.get(path) ?? { kind: 'default', name: '' },
  };
}

/** With where the value came from, if that is not where the program itself says it. */
function sentence({ path, text }: Problem, origins: ReadonlyMap<string, Origin>): string {
  const origin = origins.get(path) ?? origins.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
  const isNamed = origin !== undefined && origin.kind !== 'derived' && origin.name !== '';
  return `${path}${isNamed ? ` (from ${origin.name})` : ''}: ${text}`;
}

/** Puts into the tree what is not there yet, without what is undefined and what pino added. */
function merge(into: Tree, { options = {}, nameOf = () => '' }: Given, origins: Map<string, Origin>): Problem[] {
  if (!isTree(options)) {
    throw new PutlogsError('ERR_PUTLOGS_OPTIONS', 'putlogs: the options must be an object');
  }
  const problems: Problem[] = [];
  const leaves = new Set(optionLeaves().map(({ path }) => path));
  // Whoever says first whose credentials they are says it for all: a key in a file is not meant beside a role by a flag.
  const kinds = [...kindsSaid(asTree(into['credentials']), [])];
  const isOther = (path: string) => path === 'credentials.from' || !kinds.some((kind) => isOfKind(path, kind));
  const put = (from: Tree, to: Tree, above: string): void => {
    for (const [name, value] of Object.entries(from)) {
      const path = above + name;
      if (value === undefined || (above === '' && ADDED_BY_PINO.has(name))) continue;
      if (kinds.length > 0 && above === 'credentials.' && isOther(path)) continue;
      if (typeof value === 'function' || typeof value === 'symbol') {
        const instead = above === '' ? (INSTEAD_OF_FUNCTION[name] ?? '') : '';
        const text = `is a ${typeof value}; options are plain data, for they cross to a thread${instead}`;
        problems.push({ path, text });
      } else if (isTree(value)) {
        if (leaves.has(path) && Object.hasOwn(to, name)) continue;
        if (!Object.hasOwn(to, name)) origins.set(path, { kind: 'given', name: nameOf(path) });
        const below = Object.hasOwn(to, name) ? to[name] : {};
        if (!isTree(below)) continue;
        // Not by assignment: a name may be `__proto__`.
        Object.defineProperty(to, name, { value: below, enumerable: true, configurable: true, writable: true });
        put(value, below, `${path}.`);
      } else if (!Object.hasOwn(to, name)) {
        Object.defineProperty(to, name, { value, enumerable: true, configurable: true, writable: true });
        origins.set(path, { kind: 'given', name: nameOf(path) });
      }
    }
  };
  put(options, into, '');
  return problems;
}

/** The target that is named, or that the address can only be meant for. A name that is none is told by the schema. */
function targetOf(tree: Tree, environment: NodeJS.ProcessEnv): TargetName {
  const named = tree['target'] ?? environment[environmentName('target')];
  if (isTargetName(named)) return named;
  const endpoint = tree['endpoint'] ?? environment[environmentName('endpoint')];
  return (typeof endpoint === 'string' ? targetOfHost(hostOf(endpoint)) : undefined) ?? 'volc-tls';
}

/** Fills in what follows from the rest. */
function complete(tree: Tree, environment: NodeJS.ProcessEnv, target: TargetName, origins: Map<string, Origin>): void {
  const { vendor } = TARGETS[target];
  const derive = (path: string, value: unknown, name: string) => {
    if (setIfAbsent(tree, path, value)) origins.set(path, { kind: 'derived', name });
  };
  const endpoint = tree['endpoint'];
  const isMeant = typeof endpoint === 'string' && targetOfHost(hostOf(endpoint)) === target;
  if (isMeant) derive('target', target, 'from endpoint');
  setIfAbsent(tree, 'target', target);
  if (typeof endpoint === 'string') {
    tree['endpoint'] = withScheme(endpoint);
    derive('region', vendor.region.exec(hostOf(endpoint))?.[1], 'from endpoint');
  }
  const region = tree['region'];
  if (typeof region === 'string') derive('endpoint', vendor.endpointOf(region), 'from region');
  derive('source', hostname(), 'the host name');
  const instance = defaultInstance(environment, hostname(), clusterNumber());
  derive('instance', instance, environment['POD_NAME'] ? 'from POD_NAME' : 'the host name');
  fillGroups(tree);
}

/** What is said in none of them is the schema's to say. */
function fillGroups(tree: Tree): void {
  for (const group of groupsOf(optionLeaves().map(({ path }) => path))) setIfAbsent(tree, group, {});
}

/** Nothing is required of options that start nothing; what is there must still be right. */
function fillDisabled(tree: Tree): void {
  setIfAbsent(tree, 'target', 'volc-tls');
  setIfAbsent(tree, 'instance', 'disabled');
  setIfAbsent(tree, 'endpoint', 'https://disabled.invalid');
  setIfAbsent(tree, 'source', '');
  fillGroups(tree);
  for (const name of ['accessKeyId', 'accessKeySecret']) setIfAbsent(tree, `credentials.${name}`, 'disabled');
}
