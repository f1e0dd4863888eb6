// A directory of its own for a test, gone when the test file has ended; and what a spool holds.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** To be called while tests are declared, or within one. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `putlogs-${name}-`));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The batch files of a spool, by their paths below it. */
export function batchesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.batch'));
}
