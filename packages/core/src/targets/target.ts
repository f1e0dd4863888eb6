// A target: a log service and a way to write to it. The folders record, batch, delivery and shipper know no vendor.

import type { Envelope, Frame } from '../batch/open-batch';
import type { SealedBatch } from '../batch/sealed-batch';
import type { Answer, SignedRequest } from '../http/exchange';
import type { LogLayout } from '../record/types';
import type { Outcome, Refused } from './outcome';

/** The layout of a body. Web tracking has one layout for both services. A batch cannot be sent in another layout. */
export type BodyLayout = 'volc-tls' | 'aliyun-sls' | 'web';

export interface Target {
  /** How the service expects a record, and the largest that it accepts. */
  readonly layout: LogLayout;
  /** Scheme, host and port of the requests. */
  readonly origin: string;
  /** Where records go, for a person to read. Without secrets. */
  readonly destination: Readonly<Record<string, string>>;
  /** Names the same place without its address. It decides to which target a spooled batch or a dead letter belongs. */
  readonly identity: Readonly<Record<string, string>>;
  readonly bodyLayout: BodyLayout;
  /** The code with which the service refuses a compression that it does not know. */
  readonly codecRefusedCode?: string;
  /** The code with which the service refuses a sequence id that was used. Present if it makes a write only once. */
  readonly sequenceUsedCode?: string;
  /** Whether its requests have the times of the records: then they are read when a batch is sealed. */
  readonly sendsTimes?: boolean;
  /** Returns the bytes before and behind encoded records. With these bytes the records are a body. */
  frame(envelope: Envelope, logBytes: number): Frame;
  /** Reads what `frame` put behind the records. @throws if these are other bytes */
  readTail(tail: Buffer): Envelope;
  /** Makes a signed request from a batch. Called for each attempt, because a signature contains the time. */
  request(batch: SealedBatch, wallMs: number): SignedRequest;
  /** Returns a refusal for a batch whose body would be too large for the service. It is not sent. */
  tooLarge?(batch: SealedBatch): Refused | undefined;
  /** @param wallMs the time with which the request was signed */
  outcome(answer: Answer, wallMs: number): Outcome;
}
