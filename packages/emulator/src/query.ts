// The subset of query language that the emulator understands: `*`, words, "phrases", `key:value`, `key:"value"` and
// AND.
//
// Letter case does not matter. Any other query is refused, because the emulator must not guess at its meaning.

import type { LogEntry } from './ledger.js';
import type { SearchIndex } from './search-index.js';

export type LogTest = (log: LogEntry) => boolean;

/** The names that queries of a service use for tags and for other properties that are no fields. */
export interface QueryNames {
  readonly tagPrefix: string;
  readonly attributes: Readonly<Record<string, (log: LogEntry) => string>>;
}

/** A query that can be answered, or why not: unknown syntax, or a field that has no index. */
export type ParsedQuery =
  | { readonly kind: 'test'; readonly test: LogTest }
  | { readonly kind: 'syntax' }
  | { readonly kind: 'no index'; readonly field: string };

export const QUERY_SUBSET = 'the emulator knows *, words, "phrases", key:value and AND';

function termOf(tagPrefix: string): RegExp {
  // The prefix of a tag may contain a colon, which otherwise ends a key.
  return new RegExp(
    String.raw`\s*(?:((?:${tagPrefix})?[^\s:"()|]+)\s*:\s*)?(?:"((?:[^"\\]|\\.)*)"|([^\s:"()|]+))(?=\s|$)`,
    'y',
  );
}

const SYNTAX: ParsedQuery = { kind: 'syntax' };

export function parseQuery(query: string, names: QueryNames, index: SearchIndex): ParsedQuery {
  const term = termOf(names.tagPrefix);
  const tests: LogTest[] = [({ sequence }) => sequence > index.afterSequence];
  const text = query.trim();
  let at = 0;
  let joined = true;
  while (at < text.length) {
    term.lastIndex = at;
    const found = term.exec(text);
    if (!found) return SYNTAX;
    at = term.lastIndex;
    const [, key, quoted, bare] = found;
    if (key === undefined && bare !== undefined && /^(?:and|or|not)$/i.test(bare)) {
      if (!/^and$/i.test(bare) || joined) return SYNTAX;
      joined = true;
      continue;
    }
    joined = false;
    const value = quoted === undefined ? bare! : quoted.replace(/\\(.)/g, '$1');
    if (key !== undefined && !canBeNamed(key, names, index)) return { kind: 'no index', field: key };
    if (quoted === undefined && value === '*') {
      if (key !== undefined) tests.push((log) => values(log, key, names).length > 0);
      continue;
    }
    if (quoted === undefined && value.includes('*')) return SYNTAX;
    tests.push(
      key === undefined
        ? (log) => searchedValues(log, index).some(matches(value))
        : (log) => values(log, key, names).some(matches(value)),
    );
  }
  if (joined && text !== '') return SYNTAX;
  return { kind: 'test', test: (log) => tests.every((test) => test(log)) };
}

/** Tags, and properties that are no fields, need no index here. */
function canBeNamed(key: string, { tagPrefix, attributes }: QueryNames, index: SearchIndex): boolean {
  return Object.hasOwn(attributes, key) || key.startsWith(tagPrefix) || index.isField(key);
}

// A value matches if it contains the text with no letter or digit next to it: a word, as an index would split it.
function matches(wanted: string): (value: string) => boolean {
  const escaped = wanted.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'u');
  return (value) => value.toLowerCase() === wanted.toLowerCase() || word.test(value.toLowerCase());
}

/** The values that a word without a name is looked for in. */
function searchedValues({ contents }: LogEntry, { isInFullText, isField }: SearchIndex): string[] {
  return contents.filter(({ key }) => isInFullText(key) || isField(key)).map(({ value }) => value);
}

function values(log: LogEntry, key: string, { tagPrefix, attributes }: QueryNames): string[] {
  if (Object.hasOwn(attributes, key)) return [attributes[key]!(log)];
  const tag = key.startsWith(tagPrefix) ? key.slice(tagPrefix.length) : null;
  return (tag === null ? log.contents : log.tags).filter((pair) => pair.key === (tag ?? key)).map(({ value }) => value);
}
