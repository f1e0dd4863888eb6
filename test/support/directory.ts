// A directory of its own for a test, removed when the test file has ended; and what a spool holds.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after } from 'node:test';
import { partsIn } from '@putlogs/core/internal/maintenance/survey';
import { DAMAGED, parseSegment, ROOT } from '@putlogs/core/internal/spool/names';

/** To be called while tests are declared, or within one. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `putlogs-${name}-`));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The segments of a spool, by their paths below it; not those that were set aside. */
export function segmentsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => basename(dirname(name)) !== DAMAGED && parseSegment(basename(name)) !== undefined)
    .sort();
}

/** Records of a spool that are neither delivered nor given up, whichever process has them. */
export function spooledRecords(directory: string): number {
  if (!existsSync(directory)) return 0;
  let records = 0;
  for (const { unfinished } of partsIn(directory)) records += unfinished;
  return records;
}

/** What our own directory of a spool holds: nothing, when everything was delivered and its processes have ended. */
export function leftIn(directory: string): string[] {
  return readdirSync(join(directory, ROOT));
}
