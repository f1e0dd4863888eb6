// What a log service is to the rest: four answers. Nothing in record, batch, delivery or shipper knows a vendor.

import type { Envelope, Frame } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Answer, SignedRequest } from '../http/exchange';
import type { LogLayout } from '../record/types';
import type { Outcome } from './outcome';

/** Whose layout a body has: a batch of one cannot be sent by another. */
export type BodyLayout = 'volc-tls' | 'aliyun-sls' | 'web';

export interface Target {
  /** How the service wants a record, and the largest it takes. */
  readonly layout: LogLayout;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Where its records go, for a person. Without secrets. */
  readonly destination: Readonly<Record<string, string>>;
  /** The same place by whatever address it is reached: which spooled batches and dead letters are for it. */
  readonly identity: Readonly<Record<string, string>>;
  /** Whose layout its bodies have. */
  readonly bodyLayout: BodyLayout;
  /** How a batch becomes a body: what stands before and behind the encoded records. */
  frame(envelope: Envelope, logBytes: number): Frame;
  /** What `frame` has put behind the records, read again. @throws if these are not its bytes */
  readTail(tail: Buffer): Envelope;
  /** How a body becomes a signed request. Called for each attempt: a signature carries its time, the service's. */
  request(batch: SealedBatch, wallMs: number): SignedRequest;
  /** How an answer becomes an outcome. */
  outcome(answer: Answer, wallMs: number): Outcome;
}
