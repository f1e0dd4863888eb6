// Resolves options: merges every source, derives missing values, and checks the result.
//
// Precedence: the given options, then `PUTLOGS_*` variables, then the vendor's variables, then defaults.
//
// All problems are reported at once, and nothing starts while there is one. A problem never contains a secret.

import { resolve } from 'node:path';
import { optionsWrong } from '../errors';
import { addressProblems, networkProblems } from './addresses';
import { type CredentialsKind, explicitKinds, isOfKind, kindSetUp, ofOneFamily } from './credential-chain';
import { chooseTarget, deriveCredentials, deriveOptions, fillDisabled } from './derive';
import { misspeltVariables, proxyFrom, readEnvironment } from './environment';
import { checkGroup } from './groups';
import { environmentName, optionLeaves } from './leaves';
import { mergeGiven } from './merge-given';
import { asTree, get, groupsOf, setIfAbsent, type Tree } from './option-tree';
import {
  didYouMean,
  missing,
  missingCredentials,
  moduleProblems,
  type Problem,
  pairingProblems,
  spoolProblems,
  unknownOption,
} from './problems';
import type { Given, Origin, Resolution } from './resolution';
import { type Options, schema } from './schema';
import { TARGETS, type TargetName } from './target-facts';

export type { Given, Origin } from './resolution';

export interface Explained {
  /** Undefined if there is a problem. */
  readonly options: Options | undefined;
  /** Sentences. Each names the option and the origin of its value. */
  readonly problems: readonly string[];
  /** The problems with names of options or variables that do not exist. */
  readonly typos: readonly string[];
  /** Returns a value as far as it is known, even if there are problems. */
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
  throw optionsWrong(problems);
}

/** A replaced worker must use the same files, even after `process.chdir`. */
function withAbsolutePaths(options: Options): Options {
  const { spool, deadLetter, status } = options;
  return {
    ...options,
    spool: spool.dir === undefined ? spool : { ...spool, dir: resolve(spool.dir) },
    deadLetter: deadLetter.file === undefined ? deadLetter : { ...deadLetter, file: resolve(deadLetter.file) },
    status: status.dir === undefined ? status : { ...status, dir: resolve(status.dir) },
  };
}

/**
 * @param given the sources of options, in order of precedence
 * @param setBy how a user sets an option, for the message about a missing one
 */
export function explainOptions(
  given: readonly Given[],
  environment: NodeJS.ProcessEnv,
  setBy: (path: string) => string = () => 'it',
): Explained {
  const resolution: Resolution = { tree: {}, origins: new Map(), problems: [], environment, setBy };
  for (const source of given) mergeGiven(resolution, source);
  const target = chooseTarget(resolution);
  const credentials = mergeVariables(resolution, target);
  mergeProxyVariables(resolution);
  checkCredentialKinds(resolution, credentials);
  checkVariableNames(resolution);
  if (get(resolution.tree, 'enabled') === false) fillDisabled(resolution);
  else {
    deriveOptions(resolution, target);
    deriveCredentials(resolution, target, credentials.kind);
    checkRequired(resolution, target, credentials);
    checkValues(resolution, target);
  }
  return explained(resolution, checkSchema(resolution));
}

/** The kinds of credentials that the user named, and the one that is used. */
interface ChosenCredentials {
  readonly named: ReadonlySet<CredentialsKind>;
  readonly kind: CredentialsKind | undefined;
}

/** Also chooses the source of credentials: a variable of another source is ignored. */
function mergeVariables({ tree, origins, environment }: Resolution, target: TargetName): ChosenCredentials {
  const { vendor, isSigned } = TARGETS[target];
  const found = readEnvironment(environment, vendor.variables);
  const named = explicitKinds(asTree(tree['credentials']), found);
  const kind = [...named][0] ?? (isSigned ? kindSetUp(found, environment, vendor) : undefined);
  for (const { path, variable, value } of ofOneFamily(found)) {
    const isOurs = variable === environmentName(path);
    if (path.startsWith('credentials.')) {
      if (!isOfKind(path, kind)) continue;
      // An anonymous target has no use for the vendor's key: it is meant for another program.
      if (!isSigned && !isOurs) continue;
    }
    if (setIfAbsent(tree, path, value)) {
      origins.set(path, { kind: isOurs ? 'variable' : 'vendor variable', name: variable });
    }
  }
  return { named, kind };
}

function mergeProxyVariables({ tree, origins, environment }: Resolution): void {
  for (const { path, variable, value } of proxyFrom(environment, tree)) {
    if (setIfAbsent(tree, path, value)) origins.set(path, { kind: 'variable', name: variable });
  }
}

/** Not by `push(...)`: a hundred thousand arguments overflow the stack. */
function report({ problems }: Resolution, found: readonly Problem[]): void {
  for (const problem of found) problems.push(problem);
}

function checkCredentialKinds({ problems }: Resolution, { named }: ChosenCredentials): void {
  if (named.size > 1) problems.push({ path: 'credentials', text: `use only one of ${[...named].join(', ')}` });
}

function checkVariableNames({ problems, environment }: Resolution): void {
  for (const { variable, meant } of misspeltVariables(environment)) {
    problems.push({ path: variable, text: `there is no such variable${didYouMean(meant)}` });
  }
}

function checkRequired(resolution: Resolution, target: TargetName, { named, kind }: ChosenCredentials): void {
  const { tree, environment, setBy } = resolution;
  const facts = TARGETS[target];
  report(resolution, missing(tree, facts, setBy));
  report(resolution, addressProblems(tree, facts));
  // If two kinds are named, or a kind is misspelt, it is unknown which options are missing.
  const isClear = named.size <= 1 && (kind !== undefined || get(tree, 'credentials.from') === undefined);
  if (isClear && facts.isSigned) report(resolution, missingCredentials(tree, facts, kind, environment, setBy));
}

function checkValues(resolution: Resolution, target: TargetName): void {
  report(resolution, pairingProblems(resolution.tree, target));
  report(resolution, networkProblems(resolution.tree));
  report(resolution, moduleProblems(resolution.tree));
}

/** Returns the checked options, with defaults; undefined if the schema found a problem. */
function checkSchema(resolution: Resolution): Options | undefined {
  const found: Problem[] = [];
  const checked = checkGroup(
    schema,
    resolution.tree,
    (path, text) => found.push({ path, text }),
    (path) => found.push(unknownOption(path)),
  );
  report(resolution, found);
  if (found.length > 0) return undefined;
  const options = checked as Options;
  report(resolution, spoolProblems(options));
  return options;
}

function explained({ tree, origins, problems }: Resolution, checked: Options | undefined): Explained {
  const sentences = (some: readonly Problem[]) => [...new Set(some.map((problem) => sentence(problem, origins)))];
  const options = problems.length === 0 ? checked : undefined;
  return {
    options,
    problems: sentences(problems),
    typos: sentences(problems.filter(({ path }) => !isOptionName(path))),
    valueOf: (path) => get((options as Tree | undefined) ?? tree, path),
    originOf: (path) => origins.get(path) ?? { kind: 'default', name: '' },
  };
}

/** An option, a group, or a name inside an option such as `tags.env`. */
function isOptionName(path: string): boolean {
  const paths = optionLeaves().map((leaf) => leaf.path);
  const isBelow = (name: string) => path.startsWith(`${name}.`) && paths.includes(name);
  return [...paths, ...groupsOf(paths)].some((name) => path === name || isBelow(name));
}

/** Adds where the value came from, unless it is in the program's own object. */
function sentence({ path, text }: Problem, origins: ReadonlyMap<string, Origin>): string {
  const origin = origins.get(path) ?? origins.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
  const isNamed = origin !== undefined && origin.kind !== 'derived' && origin.name !== '';
  return `${path}${isNamed ? ` (from ${origin.name})` : ''}: ${text}`;
}
