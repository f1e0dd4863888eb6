// The codes of warnings, and what a warning is before the rate limit.

export type WarningKind =
  | 'retry'
  | 'hold'
  | 'rejected'
  | 'deadLetter'
  | 'memory'
  | 'spool'
  | 'damaged'
  | 'exit'
  | 'compression'
  | 'runtime'
  | 'worker'
  | 'credentials'
  | 'transform'
  | 'options'
  | 'status'
  | 'internal';

/** The kind of each code. */
export const WARNING_KINDS = {
  BATCH_RETRIED: 'retry',
  BATCH_HELD: 'hold',
  CLOCK_WRONG: 'hold',
  RECORDS_REJECTED: 'rejected',
  DEAD_LETTERS_DELETED: 'deadLetter',
  DEAD_LETTERS_NOT_WRITTEN: 'exit',
  MEMORY_FULL: 'memory',
  MEMORY_OLDEST_DROPPED: 'memory',
  SPOOL_UNUSABLE: 'spool',
  SPOOL_FULL: 'spool',
  SPOOL_BUDGET_REDUCED: 'spool',
  SPOOL_OWNER_UNKNOWN: 'spool',
  SPOOL_OTHER_DESTINATION: 'spool',
  SPOOL_FOREIGN_DIRECTORY: 'spool',
  SPOOL_FILE_SYSTEM: 'spool',
  SPOOL_TAKEN_OVER: 'spool',
  SPOOL_DAMAGED: 'damaged',
  SPOOL_DELETED: 'damaged',
  RECORDS_LOST_AT_CLOSE: 'exit',
  RECORD_AFTER_EXIT: 'exit',
  LZ4_UNAVAILABLE: 'compression',
  COMPRESSION_REFUSED: 'compression',
  WASM_UNAVAILABLE: 'runtime',
  MD5_UNAVAILABLE: 'runtime',
  WORKER_MEMORY_UNLIMITED: 'runtime',
  UNCAUGHT_ERRORS_NOT_SEEN: 'runtime',
  WORKER_ENDED: 'worker',
  WORKER_NOT_STARTED: 'worker',
  WORKER_RECORDS_LOST: 'worker',
  CREDENTIALS_UNAVAILABLE: 'credentials',
  TRANSFORM_FAILED: 'transform',
  NOT_STARTED: 'options',
  SIGNALS_NOT_HANDLED: 'options',
  STATUS_NOT_WRITTEN: 'status',
  RECORD_NOT_ENCODED: 'internal',
  BATCH_NOT_SEALED: 'internal',
} as const satisfies Record<string, WarningKind>;

/** Names one warning. It stays the same between versions. */
export type WarningCode = keyof typeof WARNING_KINDS;

/** A warning before the rate limit. */
export interface NewWarning {
  readonly kind: WarningKind;
  readonly code: WarningCode;
  /** Warnings of one topic share a rate limit. */
  readonly topic: string;
  readonly message: string;
  /** The text for stderr, if it has several lines. */
  readonly lines?: string;
}

/** The topic is the kind, unless the warning must appear even soon after another warning of its kind. */
export function warning(code: WarningCode, message: string, topic: string = WARNING_KINDS[code]): NewWarning {
  return { kind: WARNING_KINDS[code], code, topic, message };
}
