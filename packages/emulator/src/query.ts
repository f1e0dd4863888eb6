// Takes: the text of a query and how a service names what is not a field. Gives: a test of one log, or `null` when the
// text is beyond the subset.
// Keeps: nothing. Never: pretends to be the service's query language. The subset is `*`, words, "phrases", `key:value`,
// `key:"value"` and AND between them; letter case does not count.
import type { LogEntry } from './ledger.js';

export type LogTest = (log: LogEntry) => boolean;

/** How a service's queries name a log's tags and what else is no field of it. */
export interface QueryNames {
  readonly tagPrefix: string;
  readonly attributes: Readonly<Record<string, (log: LogEntry) => string>>;
}

export const QUERY_SUBSET = 'the emulator knows *, words, "phrases", key:value and AND';

function termOf(tagPrefix: string): RegExp {
  // A tag's prefix may itself hold the colon that ends a key.
  return new RegExp(
    String.raw`\s*(?:((?:${tagPrefix})?[^\s:"()|]+)\s*:\s*)?(?:"((?:[^"\\]|\\.)*)"|([^\s:"()|]+))(?=\s|$)`,
    'y',
  );
}

export function parseQuery(query: string, names: QueryNames): LogTest | null {
  const term = termOf(names.tagPrefix);
  const tests: LogTest[] = [];
  const text = query.trim();
  let at = 0;
  let joined = true;
  while (at < text.length) {
    term.lastIndex = at;
    const found = term.exec(text);
    if (!found) return null;
    at = term.lastIndex;
    const [, key, quoted, bare] = found;
    if (key === undefined && bare !== undefined && /^(?:and|or|not)$/i.test(bare)) {
      if (!/^and$/i.test(bare) || joined) return null;
      joined = true;
      continue;
    }
    joined = false;
    const value = quoted === undefined ? bare! : quoted.replace(/\\(.)/g, '$1');
    if (quoted === undefined && value === '*') {
      if (key !== undefined) tests.push((log) => values(log, key, names).length > 0);
      continue;
    }
    if (quoted === undefined && value.includes('*')) return null;
    tests.push(
      key === undefined
        ? (log) => anyValue(log).some(matches(value))
        : (log) => values(log, key, names).some(matches(value)),
    );
  }
  if (joined && text !== '') return null;
  return (log) => tests.every((test) => test(log));
}

// A value matches when the whole text is there with no letter or digit joined to it: a word, as an index would cut it.
function matches(wanted: string): (value: string) => boolean {
  const escaped = wanted.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'u');
  return (value) => value.toLowerCase() === wanted.toLowerCase() || word.test(value.toLowerCase());
}

function anyValue(log: LogEntry): string[] {
  return log.contents.map(({ value }) => value);
}

function values(log: LogEntry, key: string, { tagPrefix, attributes }: QueryNames): string[] {
  if (Object.hasOwn(attributes, key)) return [attributes[key]!(log)];
  const tag = key.startsWith(tagPrefix) ? key.slice(tagPrefix.length) : null;
  return (tag === null ? log.contents : log.tags).filter((pair) => pair.key === (tag ?? key)).map(({ value }) => value);
}
