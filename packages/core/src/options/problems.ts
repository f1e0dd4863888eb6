// Finds problems with options. A problem never repeats a value, which may be or contain a secret.

import { createRequire } from 'node:module';
import { zstd } from '../runtime/zstd';
import { type CredentialsKind, lookedFor, requiredOf } from './credential-chain';
import { nearest } from './did-you-mean';
import { environmentName, optionLeaves } from './leaves';
import { get, groupsOf, isSet, type Tree } from './option-tree';
import type { Options } from './schema';
import { TARGETS, type TargetFacts, type TargetName, type Vendor } from './target-facts';
import { absolutePath } from './value-types';

export interface Problem {
  /** The path of an option, even of one that does not exist, or the name of a variable. */
  readonly path: string;
  readonly text: string;
  /** The option that was probably meant, if there is no option of that path. */
  readonly meant?: string;
}

/** Finds required options that are not set. `setBy` says how a user sets an option: `it`, or a flag. */
export function missing(
  tree: Tree,
  { required, vendor }: Pick<TargetFacts, 'required' | 'vendor'>,
  setBy: (path: string) => string,
): Problem[] {
  return required
    .filter((path) => !isSet(get(tree, path)))
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
  const text = lookedFor(environment, vendor, (path) => variablesOf(path, vendor)[0]);
  return [{ path: 'credentials', text }];
}

function variablesOf(path: string, vendor: Vendor): string[] {
  const all = optionLeaves().find((leaf) => leaf.path === path)?.notes.vendor ?? [];
  return all.filter((name) => name.startsWith(vendor.variables));
}

/** Finds options that the target does not support, and values outside its limits. */
export function pairingProblems(tree: Tree, target: TargetName): Problem[] {
  const { unused, isSigned, compressions, maxBatchBytes, maxBatchCount, maxNameBytes, needsWholeHashKey } =
    TARGETS[target];
  const problems: Problem[] = Object.entries(unused)
    .filter(([path]) => isSet(get(tree, path)))
    .map(([path, instead]) => ({
      path,
      text: `not supported by target ${target}, ${instead}; remove it or change the target`,
    }));
  if (!isSigned && isSet(get(tree, 'credentials'))) {
    const text = `not supported by target ${target}, which is anonymous; remove them or change the target`;
    problems.push({ path: 'credentials', text });
  }
  const compression = get(tree, 'compression');
  if (compression !== undefined && !compressions.some((name) => name === compression)) {
    problems.push({ path: 'compression', text: `target ${target} supports ${compressions.join(', ')}` });
  } else if (compression === 'zstd' && zstd() === undefined) {
    problems.push({ path: 'compression', text: `zstd needs Node 22.15 or later, and this is ${process.version}` });
  }
  if (isSet(get(tree, 'compressionLevel')) && compression !== 'zlib' && compression !== 'zstd') {
    problems.push({ path: 'compressionLevel', text: 'only zlib and zstd have a level; set compression, or remove it' });
  }
  for (const [path, most] of [
    ['batch.maxBytes', maxBatchBytes],
    ['batch.maxCount', maxBatchCount],
    // A record is sent in a batch, if need be alone.
    ['maxRecordBytes', maxBatchBytes],
  ] as const) {
    if (Number(get(tree, path)) > most) problems.push({ path, text: `must be at most ${most} for target ${target}` });
  }
  if (needsWholeHashKey && /^[0-9a-f]{1,31}$/i.test(String(get(tree, 'hashKey') ?? ''))) {
    problems.push({ path: 'hashKey', text: `must have 32 hex digits for target ${target}` });
  }
  const conflict = get(tree, 'delivery') === 'exactlyOnce' ? exactlyOnceProblem(tree, target) : undefined;
  if (conflict !== undefined) problems.push({ path: 'delivery', text: conflict });
  for (const path of maxNameBytes === undefined ? [] : ['topic', 'source']) {
    const bytes = Buffer.byteLength(String(get(tree, path) ?? ''));
    if (bytes > maxNameBytes!) problems.push({ path, text: `must be at most ${maxNameBytes} bytes` });
  }
  return problems;
}

/** Says why the service cannot write each record only once with these options. */
function exactlyOnceProblem(tree: Tree, target: TargetName): string | undefined {
  if (target !== 'aliyun-sls') return `exactlyOnce is not supported by target ${target}, only by aliyun-sls`;
  const conflicts: Record<string, string> = { hashKey: 'none', routing: 'header' };
  const path = Object.keys(conflicts).find((name) => get(tree, name) === conflicts[name]);
  if (path === undefined) return undefined;
  return `exactlyOnce needs a hash key in the path, so it cannot be used with ${path}: '${conflicts[path]}'; remove one of them`;
}

/** A spool must have room for this many batches: one in flight, and older batches that can be dropped. */
const SPOOLED_BATCHES = 4;

/** Finds a spool that is too small. A batch that never fits would block it for ever. */
export function spoolProblems({ spool, batch }: Pick<Options, 'spool' | 'batch'>): Problem[] {
  const leastBytes = SPOOLED_BATCHES * batch.maxBytes;
  if (spool.dir === undefined || spool.maxBytes >= leastBytes) return [];
  const text = `must be at least ${SPOOLED_BATCHES} times batch.maxBytes, ${leastBytes}; raise it or lower batch.maxBytes`;
  return [{ path: 'spool.maxBytes', text }];
}

/** Finds a missing module at the start. Otherwise only the worker would report it, when it loads the module. */
export function moduleProblems({ transform }: Tree): Problem[] {
  if (typeof transform !== 'string') return [];
  const path = absolutePath(transform);
  // The schema reports that.
  if (path === undefined) return [];
  try {
    createRequire(path).resolve(path);
    return [];
  } catch {
    return [{ path: 'transform', text: `there is no module ${path}` }];
  }
}

/** Reports a name that is not an option: with ours, if another transport has it, else with the nearest name. */
export function unknownOption(path: string): Problem {
  const unknown = 'there is no such option';
  // Loaded for a mistake only.
  const { otherName } = require('./other-names') as typeof import('./other-names');
  const other = otherName(path);
  if (other !== undefined) {
    const note = other.note === undefined ? '' : ` (${other.note})`;
    return { path, text: `${unknown}; here it is ${other.options.join(', ')}${note}`, meant: other.options[0] };
  }
  const paths = optionLeaves().map((leaf) => leaf.path);
  const meant = nearest(path, [...paths, ...groupsOf(paths)]);
  return { path, text: `${unknown}${didYouMean(meant)}`, ...(meant === undefined ? {} : { meant }) };
}

export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}
