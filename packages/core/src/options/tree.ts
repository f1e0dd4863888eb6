// Options before they are checked: any object, read and written by the paths of the schema.
// Takes: a tree, a path such as `batch.maxBytes`. Gives: what is there. Keeps: nothing.

export type Tree = { [name: string]: unknown };

/** The groups that the paths are in. */
export function groupsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => path.includes('.')).map((path) => path.slice(0, path.indexOf('.'))))];
}

export function get(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Tree | undefined)?.[name], tree);
}

/** Whether this is an object of names, and no list. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty object is what a group of options is when nothing of it is said, an empty text what a name is then. */
export function isSaid(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== '';
}

/** Sets the option if it has no value and nothing of another type stands in its way. */
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
