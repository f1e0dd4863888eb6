// Merges one source of options into the resolution. An option that is already set keeps its value.

import { optionsNotAnObject } from '../errors';
import { explicitKinds, isOfKind } from './credential-chain';
import { optionLeaves } from './leaves';
import { asTree, isTree, type Tree } from './option-tree';
import type { Given, Resolution } from './resolution';

/** pino adds these to the options of every transport. */
const ADDED_BY_PINO = new Set(['$context', 'pinoWillSendConfig']);

const NAME_A_MODULE = 'name a module whose default export is the function';
/** Options that need code have the path of a module as their value. */
const INSTEAD_OF_FUNCTION: Readonly<Record<string, string>> = {
  transform: `; ${NAME_A_MODULE}`,
  credentials: `; ${NAME_A_MODULE} by credentials.module`,
};

/** @throws PutlogsError `ERR_PUTLOGS_OPTIONS` if the source is not an object */
export function mergeGiven({ tree, origins, problems }: Resolution, { options = {}, nameOf = () => '' }: Given): void {
  if (!isTree(options)) {
    throw optionsNotAnObject();
  }
  const leaves = new Set(optionLeaves().map(({ path }) => path));
  // The first source with credentials decides their kind, so that a key in a file does not mix with a role in a flag.
  const kinds = [...explicitKinds(asTree(tree['credentials']), [])];
  const isOther = (path: string) => path === 'credentials.from' || !kinds.some((kind) => isOfKind(path, kind));
  const put = (from: Tree, to: Tree, prefix: string): void => {
    for (const [name, value] of Object.entries(from)) {
      const path = prefix + name;
      if (value === undefined || (prefix === '' && ADDED_BY_PINO.has(name))) continue;
      if (kinds.length > 0 && prefix === 'credentials.' && isOther(path)) continue;
      if (typeof value === 'function' || typeof value === 'symbol') {
        const instead = prefix === '' && Object.hasOwn(INSTEAD_OF_FUNCTION, name) ? INSTEAD_OF_FUNCTION[name]! : '';
        const text = `is a ${typeof value}; options are plain data because they are sent to a thread${instead}`;
        problems.push({ path, text });
      } else if (isTree(value)) {
        if (leaves.has(path) && Object.hasOwn(to, name)) continue;
        if (leaves.has(path) && !isPlain(value)) {
          problems.push({ path, text: 'must be a plain object, with its own names only' });
          continue;
        }
        if (!Object.hasOwn(to, name)) origins.set(path, { kind: 'given', name: nameOf(path) });
        const below = Object.hasOwn(to, name) ? to[name] : {};
        if (!isTree(below)) continue;
        define(to, name, below);
        put(value, below, `${path}.`);
      } else if (!Object.hasOwn(to, name)) {
        define(to, name, value);
        origins.set(path, { kind: 'given', name: nameOf(path) });
      }
    }
  };
  put(options, tree, '');
}

/**
 * Returns false for a Map, an instance of a class, and an object that inherits from another one, as
 * `{ __proto__: {} }` does. Their names would be lost. In every realm, a plain object's prototype has
 * no prototype.
 */
function isPlain(tree: Tree): boolean {
  const prototype: unknown = Object.getPrototypeOf(tree);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An assignment would change the prototype if the name is `__proto__`. */
function define(tree: Tree, name: string, value: unknown): void {
  Object.defineProperty(tree, name, { value, enumerable: true, configurable: true, writable: true });
}
