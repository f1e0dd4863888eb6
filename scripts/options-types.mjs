// Writes types.ts and group-types.ts in packages/core/src/options, the public types of the options, from the schema
// that validates them. Each option gets a TSDoc comment, which editors show: meaning, unit, bounds, default, variables
// and targets.
//
//   node scripts/options-types.mjs           writes the files
//   node scripts/options-types.mjs --check   exits with 1 if a file differs
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(join(root, 'test/package.json'));
const { environmentName, optionLeaves } = require('@putlogs/core/internal/options/leaves');
const { unitOf } = require('@putlogs/core/internal/options/help');
const { TARGETS } = require('@putlogs/core/internal/options/target-facts');

const DIRECTORY = 'packages/core/src/options';
const WIDTH = 120;

function boundsOf({ bounds }) {
  return bounds === undefined ? '' : bounds.map((bound) => bound.toLocaleString('en-US')).join(' to ');
}

function defaultOf({ defaultValue, notes }) {
  if (notes.defaultText !== undefined) return notes.defaultText;
  if (defaultValue === undefined || defaultValue === '') return 'none';
  return `\`${JSON.stringify(defaultValue).replaceAll('"', "'")}\``;
}

/** Returns the targets that support an option, and '' if all do. */
function targetsOf(path) {
  const supports = ([, { unused, isSigned }]) => !(path in unused) && (isSigned || !path.startsWith('credentials.'));
  const all = Object.entries(TARGETS);
  const supporting = all.filter(supports).map(([name]) => name);
  return supporting.length === all.length ? '' : supporting.join(', ');
}

function commentOf(leaf, indent) {
  const { path, notes, type } = leaf;
  const numbers = [unitOf(path), boundsOf(type)].filter(Boolean).join(', ');
  const facts = [
    numbers === '' ? '' : `${unitOf(path) === undefined ? 'Range' : 'Unit'}: ${numbers}`,
    defaultOf(leaf)
      .replace(/^(?!required)/, 'Default: ')
      .replace(/^required/, 'Required'),
    `Variable: ${[environmentName(path), ...(notes.vendor ?? [])].map((name) => `\`${name}\``).join(', ')}`,
    targetsOf(path) === '' ? '' : `Targets: ${targetsOf(path)}`,
  ].filter((fact) => fact !== '');
  const prefix = `${indent} * `;
  const lines = [...wrapped(escaped(notes.meaning), WIDTH - prefix.length), ''];
  for (const fact of facts) {
    const [first, ...rest] = wrapped(escaped(fact), WIDTH - prefix.length - 2);
    lines.push(`- ${first}`);
    for (const line of rest) lines.push(`  ${line}`);
  }
  return [`${indent}/**`, ...lines.map((line) => `${prefix}${line}`.trimEnd()), `${indent} */`].join('\n');
}

/** Outside code, TSDoc takes braces, `@`, `<` and `>` for markup. */
function escaped(text) {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/[{}@<>]/g, '\\$&')))
    .join('');
}

function wrapped(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

const GROUPS = {
  credentials: [
    'CredentialsOptions',
    'The credentials that requests are signed with: the keys, or one source of keys.',
  ],
  batch: ['BatchOptions', 'When a batch is sealed.'],
  memory: ['MemoryOptions', 'The memory for undelivered records.'],
  spool: ['SpoolOptions', 'The directory for undelivered batches.'],
  deadLetter: ['DeadLetterOptions', 'The file for records that the service rejects permanently.'],
  status: ['StatusOptions', 'The file from which `putlogs top` reads the counters of this process.'],
  retry: ['RetryOptions', 'The pauses between attempts.'],
  tls: ['TlsOptions', 'TLS connections to the service, to STS and to a proxy by `https`.'],
};

const leaves = optionLeaves();
const memberOf = (leaf) =>
  `${commentOf(leaf, '  ')}\n  ${leaf.path.split('.').at(-1)}?: ${leaf.type.typescript} | undefined;`;
const members = [];
const groups = new Map();
for (const leaf of leaves) {
  const [name, inGroup] = leaf.path.split('.');
  if (inGroup === undefined) {
    members.push(memberOf(leaf));
    continue;
  }
  const [typeName, meaning] = GROUPS[name] ?? [];
  if (typeName === undefined) throw new Error(`the group ${name} has no name of its type here`);
  if (!groups.has(name)) {
    groups.set(name, []);
    members.push(`  /** ${meaning} */\n  ${name}?: ${typeName} | undefined;`);
  }
  groups.get(name).push(memberOf(leaf));
}
const interfaces = [...groups].map(
  ([name, all]) => `/** ${GROUPS[name][1]} */\nexport interface ${GROUPS[name][0]} {\n${all.join('\n')}\n}`,
);
const NOTE = '`npm run options-types` writes this file from schema.ts: do not edit it.';
const names = [...groups.keys()].map((name) => GROUPS[name][0]).sort();
const texts = {
  'types.ts': `// The public type of the options. ${NOTE}

import type {
${names.map((name) => `  ${name},`).join('\n')}
} from './group-types';

/** The options of every transport. All may be left out here and set in the environment. */
export interface PutlogsOptions {
${members.join('\n')}
}
`,
  'group-types.ts': `// The public types of the groups of options. ${NOTE}

${interfaces.join('\n\n')}
`,
};

for (const [name, text] of Object.entries(texts)) {
  const file = join(root, DIRECTORY, name);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${DIRECTORY}/${name} differs from the schema; run npm run options-types\n`);
    process.exitCode = 1;
  }
}
