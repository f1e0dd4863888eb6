// The interface of a log service. Server, ledger and fault script know a service only by this.

import type { Answer, Refusal } from './answer.js';
import type { LogGroup } from './log-group.js';
import type { ApiRequest, RequestHead } from './request.js';

export interface Vendor {
  readonly requestIdHeader: string;
  /** The maximum of a body, before compression. */
  readonly largestBodyBytes: number;
  makeRequestId(): string;
  /** Whether this service answers requests to this path. */
  owns(path: string): boolean;
  answer(request: ApiRequest, nowMs: number): Answer;
  /** The destination that a request's head names, for the match of a fault rule. */
  destination(head: RequestHead): Destination;
  /** The logs of a write, if they can be decoded. */
  peek(request: ApiRequest): readonly LogGroup[] | null;
  readonly catalogue: RefusalCatalogue;
  /** Drops what is cached of the ledger. Called after a reset. */
  reset(): void;
}

/** Each is `''` if the request or the service has none. */
export interface Destination {
  readonly project: string;
  readonly logstore: string;
  readonly topicId: string;
  readonly hashKey: string;
}

/** The error codes of a service, for scripted answers and for those of the server itself. */
export interface RefusalCatalogue {
  readonly bodyTooLarge: string;
  readonly tooManyLogs: string;
  /** The code for an error of the emulator itself. */
  readonly failed: string;
  /** The code for a status, if a script has no code. */
  codeFor(status: number): string;
  /** The status and message of a code. An unknown code is a 400. */
  describe(code: string): { readonly status: number; readonly message: string };
  answer(refusal: Refusal): Answer;
  /** The answer of a successful write, with any status below 400. */
  success(status: number): Answer;
}

export function refusalOf(catalogue: RefusalCatalogue, code: string, message?: string): Refusal {
  const known = catalogue.describe(code);
  return { refused: true, status: known.status, code, message: message ?? known.message };
}
