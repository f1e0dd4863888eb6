// Compares docs/operating.md with the code: every warning, drop reason and counter has its row, and the lines read as
// printed.
//
// The catalogue's sentences are compared with the page. An application also causes most warnings for real.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { elsewhereNotice } from '@putlogs/core/internal/spool/elsewhere';
import { fileSystemNotice } from '@putlogs/core/internal/spool/root';
import { Counters, DROP_REASONS } from '@putlogs/core/internal/telemetry/counters';
import * as catalogue from '@putlogs/core/internal/telemetry/warning-catalogue';
import { type NewWarning, WARNING_KINDS } from '@putlogs/core/internal/telemetry/warning-codes';
import { runChild } from '../support/child';

const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');

/** The names in the first column of the tables behind a heading, each once. */
function firstColumn(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return [...new Set([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!))];
}

/** A row of the table of warnings. */
interface Row {
  readonly kind: string;
  readonly code: string;
  readonly lines: readonly string[];
}

const rows: readonly Row[] = [
  ...page
    .split('\n## Warnings\n')[1]!
    .split('\n## ')[0]!
    .matchAll(/^\| `(\w+)` \| `(\w+)` \| (.+?) \|/gm),
].map(([, kind, code, cell]) => {
  return { kind: kind!, code: code!, lines: [...cell!.matchAll(/`([^`]+)`/g)].map(([, line]) => line!) };
});

test('docs/operating.md has every warning of the catalogue with its kind, and no other', () => {
  const listed = rows.map(({ kind, code }) => `${code} ${kind}`).sort();
  assert.deepEqual(
    listed,
    Object.entries(WARNING_KINDS)
      .map((entry) => entry.join(' '))
      .sort(),
  );
});

test('docs/operating.md has the sentence of every warning of the catalogue', () => {
  const made = samples();
  assert.deepEqual([...new Set(made.map(({ code }) => code))].sort(), Object.keys(WARNING_KINDS).sort());
  for (const { code, lines } of rows) {
    for (const line of lines) {
      const isMade = made.some((warning) => warning.code === code && patternOf(line).test(warning.message));
      assert.ok(isMade, `${code}: no warning reads "${line}"`);
    }
  }
});

test('every warning of the catalogue is one line, whatever is in the text from outside', () => {
  const hostile = `a\nputlogs: forged\u001b[2J\u202e${'x'.repeat(2000)}`;
  for (const { code, message } of samples(hostile)) {
    assert.doesNotMatch(message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, code);
    assert.ok(message.length < 2500, `${code}: ${message.length} characters`);
  }
});

/** Returns each warning at least once, with this text in the place of all text from outside. */
function samples(text?: string): readonly NewWarning[] {
  const refusal = {
    code: text ?? 'SignatureDoesNotMatch',
    message: text ?? 'why (check credentials.accessKeySecret and region)',
    status: 403,
    requestId: text ?? 'id',
  };
  const refused = { code: text ?? 'ECONNREFUSED', message: text ?? 'connect ECONNREFUSED 10.0.0.7:443' };
  const rejected = { ...refusal, code: text ?? 'InvalidArgument', status: 400 };
  const path = text ?? '/var/spool/putlogs/p';
  const worker = { reason: text ?? 'why', lost: 12, sought: 0, delayMs: 100 };
  return [
    catalogue.batchNotDelivered({ kind: 'retry', refusal: refused }, 58, 58, 139, false),
    catalogue.batchNotDelivered({ kind: 'hold', refusal }, 58, 58, 139, false),
    catalogue.batchNotDelivered({ kind: 'hold', refusal }, 58, 58, 139, true),
    catalogue.clockWrong(840_000),
    catalogue.recordsRejected(rejected, 1, { kind: 'written' }),
    catalogue.recordsRejected(rejected, 1, { kind: 'not configured' }),
    catalogue.recordsRejected(rejected, 2, { kind: 'not written', problem: text ?? 'why' }),
    catalogue.deadLettersDeleted(1045),
    catalogue.deadLettersNotWritten(1, text ?? 'ENOSPC: no space left on device, write'),
    catalogue.memoryFull(67_108_864),
    catalogue.memoryOldestDropped(4096),
    catalogue.spoolUnusable(text ?? 'ENOSPC', text ?? 'no space left on device, write'),
    catalogue.spoolFull(4096),
    catalogue.spoolBudgetReduced(1_049_000, 131_072),
    catalogue.spoolOwnerUnknown(text ?? 'orders-0, pid 1', 30_000),
    catalogue.spoolOtherDestination(text ?? 'd', text ?? elsewhereNotice(1, '{"topicId":"warnings"}', '{}')),
    catalogue.spoolForeignDirectory(path, text ?? 'belongs to user 1000'),
    catalogue.spoolFileSystem(text ?? fileSystemNotice('tmpfs', false)!),
    catalogue.spoolTakenOver(path),
    catalogue.spoolDamaged(120, text ?? `${path}: the checksum of an entry does not hold`),
    catalogue.spoolDeleted(10, path),
    catalogue.recordsLostAtClose(58, 'not delivered within 8000 ms (closeTimeoutMs)', catalogue.spoolRemedy(undefined)),
    catalogue.recordsLostAtClose(1, 'not delivered before the process ended', catalogue.spoolRemedy(undefined)),
    catalogue.recordAfterExit(),
    catalogue.lz4Unavailable(text ?? 'why'),
    catalogue.compressionRefused('zstd'),
    catalogue.wasmUnavailable(text ?? 'why'),
    catalogue.md5Unavailable(),
    catalogue.workerMemoryUnlimited(),
    catalogue.uncaughtErrorsNotSeen(),
    catalogue.workerEnded(worker, ''),
    catalogue.workerEnded({ ...worker, sought: 12 }, ''),
    catalogue.workerEnded(worker, catalogue.refusingWithoutWorker(3)),
    catalogue.workerNotStarted(text ?? 'putlogs: no worker thread could be started: why', ''),
    catalogue.workerRecordsLost(3),
    catalogue.credentialsUnavailable(text ?? 'credentials.file returned no credentials: why'),
    catalogue.transformFailed(text ?? 'why'),
    catalogue.notStarted(text ?? 'putlogs cannot start with these options:\n  - foo: there is no such option'),
    catalogue.signalsNotHandled(),
    catalogue.statusNotWritten(text ?? 'EACCES: permission denied, open'),
    catalogue.recordNotEncoded(text ?? 'why'),
    catalogue.batchNotSealed(12, text ?? 'why'),
  ];
}

test('docs/operating.md has every counter and every reason, and no other', () => {
  const counters = Object.keys(new Counters().stats());
  assert.deepEqual(firstColumn('Counters').sort(), [...counters, ...DROP_REASONS].sort());
});

test('the sizes in docs/operating.md are those that the benchmark measured', () => {
  const args = [join(root, 'scripts/sizes-table.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

/** Warnings that the application below does not cause. Other tests cause them and look for these words. */
const CAUSED_ELSEWHERE = new Set([
  'DEAD_LETTERS_NOT_WRITTEN',
  'SPOOL_FOREIGN_DIRECTORY',
  'SPOOL_FILE_SYSTEM',
  'RECORD_AFTER_EXIT',
  'LZ4_UNAVAILABLE',
  'COMPRESSION_REFUSED',
  'WASM_UNAVAILABLE',
  'MD5_UNAVAILABLE',
  'WORKER_ENDED',
  'WORKER_NOT_STARTED',
  'WORKER_RECORDS_LOST',
  'NOT_STARTED',
  'SIGNALS_NOT_HANDLED',
  'STATUS_NOT_WRITTEN',
  'WORKER_MEMORY_UNLIMITED',
  'UNCAUGHT_ERRORS_NOT_SEEN',
  'RECORD_NOT_ENCODED',
  'BATCH_NOT_SEALED',
]);

/** A line of the page as a pattern: `…` is anything, and what differs from one time to the next is. */
function patternOf(line: string): RegExp {
  const literal = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const open = literal.replace(/\/[\w/-]+/g, '\\S+').replace(/\d+(\\\.\d+)*/g, '[\\d.]+');
  return new RegExp(`^${open.replaceAll('…', '.*').replace(/E[A-Z]{4,}.*/, 'E[A-Z]{4,}.*')}$`);
}

test('docs/operating.md has the lines as they are printed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-warnings-'));
  try {
    const { stdout, stderr, code } = await runChild(join(__dirname, 'apps/warnings.js'), { args: [directory] });
    assert.equal(code, 0);
    const reported = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { code: string; message: string });
    // The last line was written when no listener is called any more.
    reported.push({ code: 'RECORDS_LOST_AT_CLOSE', message: stderr.trim().split('\nputlogs: ').at(-1)! });
    for (const row of rows.filter(({ code }) => !CAUSED_ELSEWHERE.has(code))) {
      for (const line of row.lines) {
        const isReported = reported.some(({ code, message }) => code === row.code && patternOf(line).test(message));
        assert.ok(isReported, `${row.code}: no warning reads "${line}"\n${stdout}`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
