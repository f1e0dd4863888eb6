// Runs the sessions of docs/doctor.md, each with a service of that kind, and checks the sections that putlogs doctor
// names.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type EmulatorOptions, emulatorForTest, environmentFor, OTHER_TOPIC_ID } from '../support/emulator';
import { anchorsOf, blocksOf, root } from '../support/pages';
import { command, putlogs } from '../support/putlogs-command';
import { targetNamed } from '../support/targets';

const PAGE = 'docs/doctor.md';

/** The service of each section. */
const SERVICES: Readonly<Record<string, EmulatorOptions>> = {
  '': {},
  'The topic or Logstore does not exist': { topics: [OTHER_TOPIC_ID] },
  'Records arrive, but no search finds them': { index: 'none' },
  'Rights of the key': { writeOnly: true },
};

const sessions = blocksOf(PAGE).filter(({ language }) => language === 'console');

for (const { section, line, code } of sessions) {
  test(`${PAGE}:${line} is what putlogs doctor prints`, async () => {
    const [typed, ...expected] = code.trimEnd().split('\n');
    assert.equal(typed, '$ putlogs doctor');
    const { PUTLOGS_LINGER_MS, PUTLOGS_RETRY_BASE_MS, PUTLOGS_RETRY_MAX_MS, ...env } = environmentFor(
      await emulatorForTest(SERVICES[section]!),
      {},
      targetNamed('volc-tls'),
    );
    const { stdout } = await putlogs('doctor', env);
    const printed = patternless(stdout).split('\n');
    const shown = expected.map(patternless);
    // The first session is whole. The others leave out what is the same.
    const kept = section === '' ? printed.slice(0, -1) : printed.filter((text) => shown.includes(text));
    assert.deepEqual(kept.join('\n').trim(), shown.join('\n').trim(), stdout);
    assert.equal(printed.at(-2), shown.at(-1), stdout);
  });
}

test('every section of the page with a session has its service', () => {
  assert.deepEqual([...new Set(sessions.map(({ section }) => section))].sort(), Object.keys(SERVICES).sort());
});

test('every section of the docs that putlogs doctor names exists', () => {
  const { PAGES } = require(join(dirname(command), '../dist/pages.js')) as { PAGES: Record<string, string> };
  assert.ok(Object.keys(PAGES).length > 10);
  for (const place of Object.values(PAGES)) {
    const [page, anchor] = place.split('#') as [string, string];
    assert.ok(existsSync(join(root, page)), place);
    assert.ok(anchorsOf(readFileSync(join(root, page), 'utf8')).includes(anchor), place);
  }
});

/** Replaces what differs from one run to the next. */
function patternless(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:port')
    .replace(/\d+(?:\.\d+)? m?s\b/g, 'some time')
    .replace(/request \w+/g, 'request id')
    .replace(/v\d+\.\d+\.\d+/g, 'v0.0.0')
    .replace(/ +$/gm, '')
    .replace(/ {2,}/g, '  ');
}
