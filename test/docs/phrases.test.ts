// The words of the project: pages, comments and printed strings are checked for phrases that a reader has to decode,
// and comments for their width. CONTRIBUTING.md has the rules that a pattern cannot check.
//
// Code is left out: blocks and spans of a page, identifiers, and strings without a space.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/pages';

const MAX_COLUMNS = 120;

/** Each pattern, and what to write instead. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bfates?\b/i, 'say "outcome", or what happened to the record'],
  [/\b(?:un)?told\b|\btells?\b/i, 'say "reported", "warned" or "says"'],
  [/\bgives\b(?! (?:up|way)\b)/i, 'say "returns", or what it does'],
  [/\bunwanted\b/i, 'say who does not want it'],
  [/\bsettled\b/i, 'say "finished", or "safe"'],
  [/\bin vain\b/i, 'say "without a result"'],
  [/\bbut for\b/i, 'say "except"'],
  [/, too\b/i, 'say "also", before the verb'],
  [/\b(?:nobody|somebody)\b/i, 'name the process, the person or the thread'],
  [/\bwhoever\b/i, 'say "a person who" or "a process that"'],
  [/\blest\b/i, 'say "so that ... not"'],
  [/\b(?:be|were) it\b/i, 'say "if it is"'],
  [/\bnothing of ours\b|\bgoes before its\b/i, 'name the part of putlogs; say "overrides"'],
  [/\bwhat waits\b|\bwho has it\b|\bthe former\b/i, 'name the record, the batch or the file'],
  [/[,;] for (?:it|they|there|he|otherwise)\b/i, 'say "because"'],
];

/** These pages and sources have phrases on purpose. */
const EXEMPT = ['test/docs/phrases.test.ts'];

interface Text {
  readonly line: number;
  readonly text: string;
}

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return ending.test(entry.name) ? [path] : [];
    return /^(?:node_modules|dist|\..*)$/.test(entry.name) || entry.name.startsWith('block-')
      ? []
      : filesBelow(path, ending);
  });
}

/**
 * The prose of a page: its lines without code blocks and code spans. The tests that it quotes are checked where they
 * are.
 */
function proseOf(source: string): Text[] {
  let isCode = false;
  return source.split('\n').flatMap((text, at) => {
    if (text.startsWith('```')) isCode = !isCode;
    if (isCode || text.startsWith('```')) return [];
    const quoted = text.replace(/`(test\/[^`]+)`((?:,? "[^"]+")*)/g, '');
    return [{ line: at + 1, text: quoted.replace(/`[^`]*`/g, '`') }];
  });
}

/** Comments, strings and templates; regular expressions are recognised so that a quote in one opens no string. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:!&|?;[{>\n] *|return )\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//g;

/** What is written for people in a source file: comments, and strings that have a space. */
function wordsOf(source: string): Text[] {
  let [line, at] = [1, 0];
  return [...source.matchAll(TOKEN)].flatMap((match) => {
    const [token] = match;
    line += source.slice(at, match.index).split('\n').length - 1;
    at = match.index;
    const isComment = token.startsWith('//') || token.startsWith('/*');
    if (!isComment && (token.startsWith('/') || !token.includes(' '))) return [];
    const lines = token.replace(/\$\{[^}]*\}/g, '').split('\n');
    return lines.map((text, i) => ({ line: line + i, text: text.replace(/`[^`]*`/g, '`') }));
  });
}

function wideComments(source: string): number[] {
  return source
    .split('\n')
    .flatMap((text, at) => (/^\s*(?:\/\/|\/?\*)/.test(text) && text.length > MAX_COLUMNS ? [at + 1] : []));
}

function findingsIn(file: string): Finding[] {
  const source = readFileSync(join(root, file), 'utf8');
  const isPage = file.endsWith('.md');
  const phrases = (isPage ? proseOf(source) : wordsOf(source)).flatMap(({ line, text }) =>
    PHRASES.flatMap(([pattern, instead]): Finding[] => {
      const found = pattern.exec(text)?.[0];
      return found === undefined ? [] : [{ file, line, message: `"${found}": ${instead}` }];
    }),
  );
  const wide = isPage ? [] : wideComments(source);
  return [...phrases, ...wide.map((line): Finding => ({ file, line, message: 'a comment above 120 columns' }))];
}

const sources = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`);
const files = [
  ...filesBelow('', /\.md$/),
  ...sources.flatMap((folder) => filesBelow(folder, /\.ts$/)),
  ...filesBelow('test', /\.ts$/),
  ...filesBelow('scripts', /\.mjs$/),
].filter((file) => !EXEMPT.includes(file));
const findings = files.flatMap(findingsIn);
const listed = (all: readonly Finding[]) =>
  all.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n');

test('pages, comments and strings are in plain words, and comments in 120 columns', () => {
  assert.equal(
    findings.length,
    0,
    `${findings.length} phrases to write anew, see CONTRIBUTING.md:\n${listed(findings)}`,
  );
});
