// What is wrong with options, by name.
//
// Takes: options before they are checked, and what the schema found. Gives: problems, each of one option. Keeps: nothing.
// Never: repeats a value: it may be the secret, or hold one.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { type BaseIssue, getDotPath, type InferIssue } from 'valibot';
import { type CredentialsKind, lookedFor, requiredOf } from './credential-chain';
import { nearest } from './did-you-mean';
import { get, groupsOf, isSaid, type Tree } from './option-tree';
import { environmentName, type Options, optionLeaves, type schema } from './schema';
import { TARGETS, type TargetFacts, type TargetName, type Vendor } from './target-facts';

export interface Problem {
  /** The option's, or that of what was taken for one. */
  readonly path: string;
  readonly text: string;
}

/** What the service asks for and is not there. `setBy` says how a person sets an option where that is not an object. */
export function missing(
  tree: Tree,
  { required, vendor }: Pick<TargetFacts, 'required' | 'vendor'>,
  setBy: (path: string) => string,
): Problem[] {
  return required
    .filter((path) => !isSaid(get(tree, path)))
    .map((path) => {
      const variables = [environmentName(path), ...variablesOf(path, vendor)].join(' or ');
      return { path, text: `is missing; set ${setBy(path)}, or ${variables} in the environment` };
    });
}

export function missingCredentials(
  tree: Tree,
  { vendor }: TargetFacts,
  kind: CredentialsKind | undefined,
  environment: NodeJS.ProcessEnv,
  setBy: (path: string) => string,
): Problem[] {
  if (kind !== undefined) return missing(tree, { required: requiredOf(kind, vendor), vendor }, setBy);
  const text = lookedFor(environment, vendor, (path) => variablesOf(path, vendor)[0]!);
  return [{ path: 'credentials', text }];
}

function variablesOf(path: string, vendor: Vendor): string[] {
  const all = optionLeaves().find((leaf) => leaf.path === path)?.notes.vendor ?? [];
  return all.filter((name) => name.startsWith(vendor.variables));
}

/** What is said for another service than the one that is written to. */
export function pairingProblems(tree: Tree, target: TargetName): Problem[] {
  const { unused, isSigned, compressions, maxBatchBytes, maxBatchCount, maxNameBytes } = TARGETS[target];
  const problems: Problem[] = Object.entries(unused)
    .filter(([path]) => isSaid(get(tree, path)))
    .map(([path, instead]) => ({
      path,
      text: `target ${target} has none, ${instead}; leave it out, or set another target`,
    }));
  if (!isSigned && isSaid(get(tree, 'credentials'))) {
    const text = `target ${target} has none, it is anonymous; leave them out, or set another target`;
    problems.push({ path: 'credentials', text });
  }
  const compression = get(tree, 'compression');
  if (compression !== undefined && !compressions.some((name) => name === compression)) {
    problems.push({ path: 'compression', text: `target ${target} takes ${compressions.join(', ')}` });
  }
  for (const [path, most] of [
    ['batch.maxBytes', maxBatchBytes],
    ['batch.maxCount', maxBatchCount],
  ] as const) {
    if (Number(get(tree, path)) > most) problems.push({ path, text: `target ${target} takes ${most} at most` });
  }
  for (const path of maxNameBytes === undefined ? [] : ['topic', 'source']) {
    const bytes = Buffer.byteLength(String(get(tree, path) ?? ''));
    if (bytes > maxNameBytes!) problems.push({ path, text: `must be ${maxNameBytes} bytes at most` });
  }
  return problems;
}

/** Batches that one spool must have room for: beside the one in flight, older ones must be able to give way. */
const SPOOLED_BATCHES = 4;

/** A spool in which a batch can never have room would stop at that batch for ever. */
export function spoolProblems({ spool, batch }: Pick<Options, 'spool' | 'batch'>): Problem[] {
  const leastBytes = SPOOLED_BATCHES * batch.maxBytes;
  if (spool.dir === undefined || spool.maxBytes >= leastBytes) return [];
  const text = `must be ${SPOOLED_BATCHES} times batch.maxBytes at least, ${leastBytes}; raise it, or lower batch.maxBytes`;
  return [{ path: 'spool.maxBytes', text }];
}

/** A module that is not there is told where the options are given, and not by the worker that would load it. */
export function moduleProblems({ transform }: Tree): Problem[] {
  if (typeof transform !== 'string') return [];
  const path = resolve(transform);
  try {
    createRequire(path).resolve(path);
    return [];
  } catch {
    return [{ path: 'transform', text: `there is no module ${path}` }];
  }
}

/** What the schema found. */
export function describe(issue: InferIssue<typeof schema>): Problem[] {
  // An empty name in pairs is the end of a path that says nothing.
  const path = (getDotPath(issue) ?? '').replace(/\.$/, '');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const paths = optionLeaves().map((leaf) => leaf.path);
    return [{ path, text: `there is no such option${didYouMean(nearest(path, [...paths, ...groupsOf(paths)]))}` }];
  }
  // What is required is listed by name and variable already.
  if (issue.received === 'undefined') return [];
  return [{ path, text: demandOf(issue) }];
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

export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}
