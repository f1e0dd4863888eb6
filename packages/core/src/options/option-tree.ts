// Reads and writes options by path, before they are checked: an object of objects with unknown values.

export type Tree = { [name: string]: unknown };

/** Returns false for an empty object, which is a group without options, and for an empty text. */
export function isSet(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== '';
}

/** Returns the groups that the paths are in. */
export function groupsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => path.includes('.')).map((path) => path.slice(0, path.indexOf('.'))))];
}

/** Returns true for an object that is not a list. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns an empty object for a value that is not an object. */
export function asTree(value: unknown): Tree {
  return isTree(value) ? value : {};
}

export function get(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Tree | undefined)?.[name], tree);
}

/** Replaces the value of an option in a group. The option must be set. */
export function setAt(tree: Tree, path: string, value: unknown): void {
  const [group, name] = path.split('.') as [string, string];
  (tree[group] as Tree)[name] = value;
}

/**
 * Sets an option that has no value. Returns false if it has one, or if its group is not an object: the schema reports
 * that.
 */
export function setIfAbsent(tree: Tree, path: string, value: unknown): boolean {
  const names = path.split('.');
  const last = names.pop()!;
  let at: unknown = tree;
  for (const name of names) {
    (at as Tree)[name] ??= {};
    at = (at as Tree)[name];
    if (typeof at !== 'object' || at === null) return false;
  }
  if ((at as Tree)[last] !== undefined || value === undefined) return false;
  (at as Tree)[last] = value;
  return true;
}
