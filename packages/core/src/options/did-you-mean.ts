// Finds the nearest name for a misspelt one.

/** If a larger share of the letters is wrong, it is another name and not a typo. */
const MAX_WRONG = 0.4;

export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(name.length * MAX_WRONG)) + 1;
  for (const candidate of names) {
    // The option may be written without its group.
    const distance = Math.min(editDistance(name, candidate), editDistance(name, candidate.split('.').at(-1)!));
    if (distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
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
