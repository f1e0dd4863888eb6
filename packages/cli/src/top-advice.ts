// What putlogs top says about a warning or a state: one sentence that names what to change.
//
// docs/operating.md has the same for each code at more length. The type of the list makes sure that no code is missing.

import type { DropReason, WarningCode } from '@putlogs/core';
import type { StatusState } from '@putlogs/core/tools';

const REPORT = 'Report it, with the line.';

const ADVICE: Readonly<Record<WarningCode, string>> = {
  BATCH_RETRIED:
    'Nothing, if it ends. If it lasts, run putlogs doctor with the options of the application, and check your quotas.',
  BATCH_HELD: 'Do what the line says. Delivery then goes on by itself. putlogs doctor checks the configuration.',
  CLOCK_WRONG: 'Set the clock of this machine.',
  RECORDS_REJECTED: 'Read the dead-letter file: putlogs dead-letter ls. Without one, set deadLetter.file.',
  DEAD_LETTERS_DELETED: 'Fix the cause and run putlogs dead-letter replay, or raise deadLetter.maxBytes.',
  DEAD_LETTERS_NOT_WRITTEN: 'Make room on the disk of deadLetter.file.',
  MEMORY_FULL: 'Set spool.dir. With a spool, check its disk, or raise memory.maxBytes.',
  MEMORY_OLDEST_DROPPED: 'Set spool.dir. With a spool, check its disk, or raise memory.maxBytes.',
  SPOOL_UNUSABLE: 'Make room on the disk of spool.dir, or do what the line says. Until then a crash loses records.',
  SPOOL_FULL: 'Raise spool.maxBytes, if the disk has room, and end the outage.',
  SPOOL_BUDGET_REDUCED: 'Nothing, if the service works again. The room comes back when the records are delivered.',
  SPOOL_OWNER_UNKNOWN: 'Nothing. If each restart waits, check that Unix sockets work on the volume.',
  SPOOL_OTHER_DESTINATION: 'Run putlogs spool replay with the options of the other destination.',
  SPOOL_FOREIGN_DIRECTORY: 'Change the owner of the directory, or delete it.',
  SPOOL_FILE_SYSTEM: 'Do what the line says.',
  SPOOL_TAKEN_OVER: 'Nothing, if the machine was paused.',
  SPOOL_DAMAGED: 'Check the disk. putlogs spool verify lists what is damaged.',
  SPOOL_DELETED: 'Stop transports before you delete their spool.',
  RECORDS_LOST_AT_CLOSE: 'Set spool.dir, or allow more time: closeTimeoutMs.',
  COMPRESSION_REFUSED: "Set compression: 'lz4', which ends the warning.",
  RECORD_AFTER_EXIT: 'Add the exit listener before the transport, or log earlier.',
  LZ4_UNAVAILABLE: "Nothing, or set compression: 'zlib', which ends the warning.",
  WASM_UNAVAILABLE:
    'Nothing is lost. Node runs with --jitless, or under ulimit -v, or the processor has no SSE4.1: see docs/install.md.',
  MD5_UNAVAILABLE: "Nothing is lost. With aliyun-sls, signature: 'v4' sends no MD5.",
  WORKER_ENDED: 'Once: nothing. Repeatedly: report it. Set spool.dir, so that its records are on disk.',
  WORKER_NOT_STARTED: 'Do what the line says.',
  WORKER_RECORDS_LOST: "Report it. With spool.mode: 'always' such records are on disk.",
  CREDENTIALS_UNAVAILABLE: 'Do what the line says. putlogs doctor checks the source of credentials.',
  TRANSFORM_FAILED: 'Fix the module that transform names.',
  NOT_STARTED: 'Correct the options that the line names.',
  SIGNALS_NOT_HANDLED: 'With pino, handle the signal in the application.',
  STATUS_NOT_WRITTEN: 'Change the permissions of status.dir, or set it to another directory.',
  WORKER_MEMORY_UNLIMITED: 'Nothing, or set worker: false, which ends the warning.',
  UNCAUGHT_ERRORS_NOT_SEEN: 'Add the handler that the line names to the application.',
  RECORD_NOT_ENCODED: REPORT,
  BATCH_NOT_SEALED: REPORT,
};

/** Null for a code of a newer version. */
export function adviceFor(code: string): string | null {
  return Object.hasOwn(ADVICE, code) ? ADVICE[code as WarningCode] : null;
}

/** For states in which something is wrong. */
export const STATE_ADVICE: Readonly<Partial<Record<StatusState, string>>> = {
  silent: 'It runs, and has written no status for 30 s: its thread stands still, or the disk takes no writes.',
  gone: 'The process ended without closing, as after kill -9. The next process of its instance sends its records on disk.',
};

/** Reasons for which it is no loss that a record was not sent. */
const NO_LOSS: readonly DropReason[] = ['filtered', 'disabled'];

export function isLoss(reason: DropReason): boolean {
  return !NO_LOSS.includes(reason);
}

export const LOSS_ADVICE = 'docs/operating.md#counters says what each reason means, and how to end it.';
