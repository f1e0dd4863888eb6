// The catalogue of warnings: one function for each, which returns its code, its rate-limit topic and its sentence.
//
// docs/operating.md says for each code what it means and what to do. A test compares the two. Text from outside passes
// through `outsideText` in this file, so that no caller can forget it.

import { outsideText } from './outside-text';
import { type NewWarning, warning } from './warning-codes';

/** Why the service did not accept a batch. */
interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
}

/** Returns the number with its noun, as "1 record was" or "2 records were". */
function countOf(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}

function lost(count: number): string {
  return countOf(count, 'record is lost', 'records are lost');
}

// delivery

/** @param unfinished records in memory and on disk that are not finished */
export function batchNotDelivered(
  { kind, refusal }: { readonly kind: 'retry' | 'hold'; readonly refusal: Refusal },
  records: number,
  unfinished: number,
  delayMs: number,
  hasSpool: boolean,
): NewWarning {
  const what = countOf(records, 'record was not delivered', 'records were not delivered');
  const next = `${countOf(unfinished, 'record is', 'records are')} pending, the next attempt is in ${Math.ceil(delayMs)} ms`;
  if (kind === 'retry') return warning('BATCH_RETRIED', `${what}, ${reasonOf(refusal)}; ${next}`);
  // A person has to change something, and the process may end before that.
  const end = hasSpool ? '' : '; a process that ends before that loses them, because spool.dir is not set';
  return warning('BATCH_HELD', `${what}, ${reasonOf(refusal)}; ${next}${end}`);
}

/** @param aheadMs how far the service's clock is ahead of the clock of this machine */
export function clockWrong(aheadMs: number): NewWarning {
  const off = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead'}`;
  return warning(
    'CLOCK_WRONG',
    `the clock of this machine is ${off}: requests are signed with the service's time`,
    'clock',
  );
}

/** Where rejected records are. */
export type DeadLetterPlace =
  | { readonly kind: 'written' }
  | { readonly kind: 'not configured' }
  | { readonly kind: 'not written'; readonly problem: string };

export function recordsRejected(refusal: Refusal, records: number, place: DeadLetterPlace): NewWarning {
  const refused = countOf(
    records,
    'record was refused by the service and is',
    'records were refused by the service and are',
  );
  return warning('RECORDS_REJECTED', `${refused} ${wordsOf(place)}: ${reasonOf(refusal)}`);
}

function wordsOf(place: DeadLetterPlace): string {
  switch (place.kind) {
    case 'written':
      return 'in the dead-letter file';
    case 'not configured':
      return 'lost (set deadLetter.file to keep such records)';
    case 'not written':
      return `not in the dead-letter file, ${outsideText(place.problem)}`;
  }
}

export function deadLettersDeleted(lines: number): NewWarning {
  const deleted = countOf(lines, 'line was deleted from it', 'lines were deleted from it');
  return warning(
    'DEAD_LETTERS_DELETED',
    `the dead-letter file is full (deadLetter.maxBytes): ${deleted}, the oldest first`,
  );
}

export function deadLettersNotWritten(records: number, problem: string): NewWarning {
  const refused = countOf(records, 'refused record is', 'refused records are');
  return warning(
    'DEAD_LETTERS_NOT_WRITTEN',
    `${refused} not in the dead-letter file: ${outsideText(problem)}`,
    'dead letters',
  );
}

// memory

export function memoryFull(maxBytes: number): NewWarning {
  return warning('MEMORY_FULL', `${maxBytes} bytes are pending (memory.maxBytes): new records are refused`);
}

export function memoryOldestDropped(records: number): NewWarning {
  return warning(
    'MEMORY_OLDEST_DROPPED',
    `${lost(records)}: memory is full (memory.maxBytes), and the oldest records are dropped`,
  );
}

// spool

export function spoolUnusable(code: string, message: string): NewWarning {
  const problem = `${outsideText(code)}: ${outsideText(message)}`;
  return warning('SPOOL_UNUSABLE', `the spool cannot be used as configured (spool.dir), ${problem}`, 'spool failed');
}

export function spoolFull(records: number): NewWarning {
  return warning(
    'SPOOL_FULL',
    `${lost(records)}: the spool is full (spool.maxBytes), and its oldest records are dropped`,
    'spool full',
  );
}

export function spoolBudgetReduced(adoptedBytes: number, budgetBytes: number): NewWarning {
  return warning(
    'SPOOL_BUDGET_REDUCED',
    `earlier processes left ${adoptedBytes} bytes in the spool, so this process writes at most ${Math.floor(budgetBytes)} bytes (spool.maxBytes)`,
    'spool budget',
  );
}

/** @param owner host and pid of the process that may still run */
export function spoolOwnerUnknown(owner: string, leaseMs: number): NewWarning {
  return warning(
    'SPOOL_OWNER_UNKNOWN',
    `${outsideText(owner)} left batches in the spool and may still run: nothing is sent for up to ${leaseMs / 1000} s, and new records are kept on disk`,
    'spool owner',
  );
}

/** @param sentence of spool/elsewhere.ts */
export function spoolOtherDestination(destination: string, sentence: string): NewWarning {
  return warning('SPOOL_OTHER_DESTINATION', outsideText(sentence, SENTENCE_CHARACTERS), `elsewhere ${destination}`);
}

/** @param problem what is wrong with the directory, as the rest of a sentence */
export function spoolForeignDirectory(path: string, problem: string): NewWarning {
  return warning(
    'SPOOL_FOREIGN_DIRECTORY',
    `${outsideText(path)} ${outsideText(problem)}, so its records are not sent`,
    `foreign ${path}`,
  );
}

/** @param sentence of spool/root.ts */
export function spoolFileSystem(sentence: string): NewWarning {
  return warning('SPOOL_FILE_SYSTEM', outsideText(sentence), 'file system');
}

export function spoolTakenOver(directory: string): NewWarning {
  return warning(
    'SPOOL_TAKEN_OVER',
    `${outsideText(directory)} now belongs to another process, which sends the records in it`,
    'evicted',
  );
}

export function spoolDamaged(records: number, why: string): NewWarning {
  return warning('SPOOL_DAMAGED', `${lost(records)}: ${outsideText(why)}`);
}

export function spoolDeleted(records: number, directory: string): NewWarning {
  return warning('SPOOL_DELETED', `${lost(records)}: ${outsideText(directory)} was deleted`, 'deleted');
}

// the end

/**
 * @param why the rest of the sentence
 * @param remedy what would have kept the records, as the end of the sentence; empty if nothing would
 */
export function recordsLostAtClose(records: number, why: string, remedy = ''): NewWarning {
  return warning('RECORDS_LOST_AT_CLOSE', `${lost(records)}: ${why}${remedy}`);
}

export function recordAfterExit(): NewWarning {
  const what = 'a record was logged in an exit listener, after putlogs had closed';
  const next = 'it is refused and lost, and so is each later one; add this listener before the transport';
  // It has its own topic, because the line about records that were lost may be a moment old.
  return warning('RECORD_AFTER_EXIT', `${what}: ${next}`, 'exit.late');
}

/** Returns what would keep records that a process could not deliver. */
export function spoolRemedy(dir: string | undefined): string {
  return dir === undefined ? '; set spool.dir to keep such records for the next process' : '';
}

// the worker thread

export interface EndedWorker {
  readonly reason: string;
  /** How many records are lost with it. */
  readonly lost: number;
  /** How many records the next worker looks for on disk. */
  readonly sought: number;
  readonly delayMs: number;
}

/** @param refusing the rest of the sentence if no worker can start, see `refusingWithoutWorker` */
export function workerEnded({ reason, lost: records, sought, delayMs }: EndedWorker, refusing: string): NewWarning {
  const next = `the next one starts in ${Math.ceil(delayMs)} ms`;
  const isSought = sought > 0 && refusing === '';
  const what = isSought
    ? `${next} and looks on disk for ${countOf(sought, 'record that was', 'records that were')} not finished`
    : `${lost(records)} with it, ${next}${refusing}`;
  return warning('WORKER_ENDED', `the worker thread has ended (${outsideText(reason)}): ${what}`);
}

/** @param problem the error's message */
export function workerNotStarted(problem: string, refusing: string): NewWarning {
  const sentence = problem.replace(/^putlogs: /, '');
  return warning('WORKER_NOT_STARTED', `${outsideText(sentence, SENTENCE_CHARACTERS)}${refusing}`);
}

/** Returns the rest of a sentence about a worker, after several in a row could not start. */
export function refusingWithoutWorker(records: number): string {
  const what = countOf(
    records,
    'record that was pending for it or is not known to be on disk is lost',
    'records that were pending for it or are not known to be on disk are lost',
  );
  return `; ${what}, and new records are refused until a worker starts`;
}

export function workerRecordsLost(records: number): NewWarning {
  // It has its own topic, because the line about the worker's end may be a moment old.
  return warning('WORKER_RECORDS_LOST', `${lost(records)} with a worker thread: not found on disk`, 'worker.lost');
}

// setup

export function lz4Unavailable(reason: string): NewWarning {
  return warning('LZ4_UNAVAILABLE', `LZ4 could not be loaded, zlib is used instead: ${outsideText(reason)}`);
}

/** @param codec the compression that the service does not accept */
export function compressionRefused(codec: string): NewWarning {
  return warning('COMPRESSION_REFUSED', `the service does not accept ${codec}: batches are sent with lz4 from now on`);
}

export function wasmUnavailable(reason: string): NewWarning {
  return warning(
    'WASM_UNAVAILABLE',
    `WebAssembly with SIMD cannot run here, records are encoded in JavaScript, which is slower: ${outsideText(reason)}`,
    'wasm',
  );
}

export function md5Unavailable(): NewWarning {
  return warning(
    'MD5_UNAVAILABLE',
    "OpenSSL refuses MD5 in this process (FIPS): hash keys are computed without it, and Content-MD5 is sent only to SLS with signature v1 (signature: 'v4' needs none)",
    'md5',
  );
}

/** @param problem a sentence that names the source */
export function credentialsUnavailable(problem: string): NewWarning {
  return warning('CREDENTIALS_UNAVAILABLE', outsideText(problem, SENTENCE_CHARACTERS));
}

export function transformFailed(problem: string): NewWarning {
  return warning('TRANSFORM_FAILED', `transform failed, the record is sent unchanged: ${outsideText(problem)}`);
}

/** How many mistakes one warning lists. */
const MISTAKES = 20;

/** @param problem the message of the error, with a line for each mistake */
export function notStarted(problem: string): NewWarning {
  return unstarted(problem, 'every record is refused, and the application goes on (with strict: true it ends instead)');
}

/** As above, for a transport that had started before. */
export function notStartedAgain(problem: string): NewWarning {
  return unstarted(problem, 'records are refused until it can start again, which is tried once a minute');
}

function unstarted(problem: string, end: string): NewWarning {
  const [head = '', ...mistakes] = problem
    .replace(/^putlogs:? /, '')
    .split('\n')
    .map((line) => outsideText(line));
  const items = mistakes.slice(0, MISTAKES).map((mistake) => mistake.replace(/^- /, ''));
  if (mistakes.length > MISTAKES) items.push(`and ${mistakes.length - MISTAKES} more`);
  return {
    ...warning('NOT_STARTED', `${[head, items.join(' | ')].join(' ').trim()}; ${end}`),
    lines: [head, ...items.map((item) => `  - ${item}`), `putlogs: ${end}`].join('\n'),
  };
}

export function signalsNotHandled(): NewWarning {
  return warning(
    'SIGNALS_NOT_HANDLED',
    'handleSignals has no effect in a worker thread, which receives no signals; with pino, add a handler to the ' +
      "application: process.once('SIGTERM', () => process.exit(0))",
  );
}

/** @param problem the system's error */
export function statusNotWritten(problem: string): NewWarning {
  return warning(
    'STATUS_NOT_WRITTEN',
    `the status file cannot be written (status.dir), so putlogs top does not show this process: ${outsideText(problem)}`,
  );
}

// runtimes other than Node

export function workerMemoryUnlimited(): NewWarning {
  return warning(
    'WORKER_MEMORY_UNLIMITED',
    'this runtime does not limit the memory of a worker thread: a worker that needs too much ends the whole process',
  );
}

export function uncaughtErrorsNotSeen(): NewWarning {
  return warning(
    'UNCAUGHT_ERRORS_NOT_SEEN',
    'this runtime ends at an uncaught error without the event exit, and the last records are lost; with pino, add a ' +
      "handler to the application: process.once('uncaughtException', (error) => { logger.fatal(error); process.exit(1); })",
  );
}

// defects

export function recordNotEncoded(problem: string): NewWarning {
  return warning('RECORD_NOT_ENCODED', `a record could not be encoded, please report this: ${outsideText(problem)}`);
}

export function batchNotSealed(records: number, problem: string): NewWarning {
  return warning(
    'BATCH_NOT_SEALED',
    `${lost(records)}: a batch could not be sealed, please report this: ${outsideText(problem)}`,
  );
}

/** A whole sentence of ours with text from outside in it. */
const SENTENCE_CHARACTERS = 1500;

/** Returns a refusal on one line: code, status, message and request id. */
export function reasonOf({ code, status, message, requestId }: Refusal): string {
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  const request = requestId === undefined ? '' : ` [request ${outsideText(requestId)}]`;
  return `${outsideText(code)}${http}: ${outsideText(message)}${request}`;
}
