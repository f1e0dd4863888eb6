// Takes: the text of a SearchLogs query. Gives: a test of one log, or a refusal that says what the subset lacks.
// Keeps: nothing. Never: pretends to be the service's query language. The subset is `*`, words, "phrases", `key:value`,
// `key:"value"` and AND between them; letter case does not count.
import { invalidArgument, type Refusal } from './answer.js';
import type { LogEntry } from './ledger.js';

export type LogTest = (log: LogEntry) => boolean;

const TERM = /\s*(?:([^\s:"()|]+)\s*:\s*)?(?:"((?:[^"\\]|\\.)*)"|([^\s:"()|]+))(?=\s|$)/y;

export function parseQuery(query: string): LogTest | Refusal {
  const tests: LogTest[] = [];
  const text = query.trim();
  let at = 0;
  let joined = true;
  while (at < text.length) {
    TERM.lastIndex = at;
    const term = TERM.exec(text);
    if (!term) return unsupported(query);
    at = TERM.lastIndex;
    const [, key, quoted, bare] = term;
    if (key === undefined && bare !== undefined && /^(?:and|or|not)$/i.test(bare)) {
      if (!/^and$/i.test(bare) || joined) return unsupported(query);
      joined = true;
      continue;
    }
    joined = false;
    const value = quoted === undefined ? bare! : quoted.replace(/\\(.)/g, '$1');
    if (quoted === undefined && value === '*') {
      if (key !== undefined) tests.push((log) => values(log, key).length > 0);
      continue;
    }
    if (quoted === undefined && value.includes('*')) return unsupported(query);
    tests.push(
      key === undefined ? (log) => anyValue(log).some(matches(value)) : (log) => values(log, key).some(matches(value)),
    );
  }
  if (joined && text !== '') return unsupported(query);
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

function values(log: LogEntry, key: string): string[] {
  if (key === '__source__') return [log.source];
  if (key === '__path__') return [log.fileName];
  const tag = key.startsWith('__tag__') ? key.slice('__tag__'.length) : null;
  return (tag === null ? log.contents : log.tags).filter((pair) => pair.key === (tag ?? key)).map(({ value }) => value);
}

function unsupported(query: string): Refusal {
  return invalidArgument('Query', query, 'the emulator knows *, words, "phrases", key:value and AND');
}
