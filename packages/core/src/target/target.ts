// What a log service is to the rest: four answers. Nothing in record, batch, delivery or shipper knows a vendor.

import type { Frame } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Answer, Outcome } from '../delivery/outcome';
import type { SignedRequest } from '../delivery/send';
import type { LogLayout } from '../record/layout';

/** What is said once for all records of a batch. */
export interface Envelope {
  readonly source: string;
  /** Where the service has one. */
  readonly topic: string;
  readonly fileName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly packId: string;
}

export interface Target {
  /** How the service wants a record, and the largest it takes. */
  readonly layout: LogLayout;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Where its records go, for a person and for a replay. Without secrets. */
  readonly destination: Readonly<Record<string, string>>;
  /** How a batch becomes a body: what stands before and behind the encoded records. */
  frame(envelope: Envelope, logBytes: number): Frame;
  /** Of that frame, what stands before records and tail that have so many bytes together: a part has its own. */
  head(bytes: number): Uint8Array;
  /** How a body becomes a signed request. Called for each attempt: a signature carries its time, the service's. */
  request(batch: SealedBatch, wallMs: number): SignedRequest;
  /** How an answer becomes an outcome. */
  outcome(answer: Answer, wallMs: number): Outcome;
}
