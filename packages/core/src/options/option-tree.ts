// Options on their way to being checked: an object of objects, of which nothing is known yet.
//
// Takes: such a tree and the path of an option in it. Gives: its value, or another in its place. Keeps: nothing. Never:
// puts a value where something of another type stands in its way: the schema is to say that.

export type Tree = { [name: string]: unknown };

/** An empty object is what a group of options is when nothing of it is said, an empty text what a name is then. */
export function isSaid(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== '';
}

/** The groups that the paths are in. */
export function groupsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => path.includes('.')).map((path) => path.slice(0, path.indexOf('.'))))];
}

/** Whether this is an object of names, and no list. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object to look into, whatever was given in its place. */
export function asTree(value: unknown): Tree {
  return isTree(value) ? value : {};
}

export function get(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Tree | undefined)?.[name], tree);
}

/** Puts another value in the place of the one it has. */
export function setAt(tree: Tree, path: string, value: unknown): void {
  const [group, name] = path.split('.') as [string, string];
  (tree[group] as Tree)[name] = value;
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
