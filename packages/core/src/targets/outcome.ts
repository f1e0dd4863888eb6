// What an answer of the service means for a batch.

/** Why a batch was not accepted. */
export interface Refusal {
  /** The error code of the service, or of Node if there was no answer. */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly requestId: string }
  /**
   * The failure passes by itself. The same bytes are sent again, at the earliest after `afterMs`. `mostAttempts` is
   * present if the bytes themselves may be the reason: with so many answers of this kind, the batch is rejected.
   */
  | { readonly kind: 'retry'; readonly refusal: Refusal; readonly afterMs: number; readonly mostAttempts?: number }
  /**
   * A person has to change something, such as a key or a topic. The batch is kept and retried slowly. `serviceMs` is
   * present if our clock may be wrong. It is the service's time, in milliseconds since 1970.
   */
  | { readonly kind: 'hold'; readonly refusal: Refusal; readonly serviceMs?: number }
  /** The batch is too large, in bytes or records, or because of one record. Its parts may be accepted. */
  | { readonly kind: 'split'; readonly refusal: Refusal; readonly tooLarge: 'bytes' | 'count' | 'record' }
  /**
   * The service will never accept these bytes. `takes` is present if the reason is the time of some records. The batch
   * may be accepted without these records.
   */
  | { readonly kind: 'reject'; readonly refusal: Refusal; readonly takes?: TimeWindow };

/** The record times that a service accepts, in milliseconds since 1970. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** The service's own time. Undefined if its answer does not have it. */
  readonly serviceMs: number | undefined;
}

export type Delivered = Extract<Outcome, { kind: 'delivered' }>;
/** The batch has to be sent again. */
export type Failure = Extract<Outcome, { kind: 'retry' | 'hold' }>;
/** The batch will not be accepted as it is. */
export type Refused = Extract<Outcome, { kind: 'split' | 'reject' }>;
