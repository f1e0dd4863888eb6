// Finds the nearest name for a misspelt one.

/** If a larger share of the letters is wrong, it is another name and not a typo. */
const MAX_WRONG = 0.4;
/** Behind a right group so many letters may be wrong in a short name: two letters that changed places are two. */
const LEAST_WRONG = 2;

export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    // The option may be written without its group. Letters of a group that is right say nothing about the rest.
    const isOfGroup = groupOf(name) !== '' && groupOf(candidate) === groupOf(name);
    const distance = Math.min(editDistance(name, candidate), editDistance(name, lastOf(candidate)));
    const letters = (isOfGroup ? lastOf(name) : name).length;
    const most = Math.max(isOfGroup ? LEAST_WRONG : 1, Math.floor(letters * MAX_WRONG));
    if (distance <= most && distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
}

/** Returns `spool.` for `spool.dir`. */
function groupOf(path: string): string {
  return path.slice(0, path.lastIndexOf('.') + 1);
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Returns the Levenshtein distance. Ignores case, because a wrong case is the most common typo. */
function editDistance(from: string, to: string): number {
  const a = from.toLowerCase();
  const b = to.toLowerCase();
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
