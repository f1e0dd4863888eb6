// What a log service is to the rest of the emulator. Server, ledger and fault script know a service by this alone.
import type { Answer, Refusal } from './answer.js';
import type { LogGroup } from './log-group.js';
import type { ApiRequest, RequestHead } from './request.js';

export interface Vendor {
  readonly requestIdHeader: string;
  /** Of any body it takes, before compression. */
  readonly largestBodyBytes: number;
  makeRequestId(): string;
  /** Whether a request to this path is this service's to answer. */
  owns(path: string): boolean;
  answer(request: ApiRequest, nowMs: number): Answer;
  /** Where a request's head says it is going, for the match of a fault rule. */
  destination(head: RequestHead): Destination;
  /** The logs of a request that would write some, if they can be read at all. */
  peek(request: ApiRequest): readonly LogGroup[] | null;
  readonly catalogue: RefusalCatalogue;
  /** Forgets what was remembered of the ledger, which was emptied. */
  reset(): void;
}

/** Each is `''` where the request or its service has none. */
export interface Destination {
  readonly project: string;
  readonly logstore: string;
  readonly topicId: string;
  readonly hashKey: string;
}

/** A service's error codes, for answers that a fault script makes up and for the server's own. */
export interface RefusalCatalogue {
  readonly bodyTooLarge: string;
  readonly tooManyLogs: string;
  /** The emulator itself failed. */
  readonly failed: string;
  /** The code of a status for which a script names none. */
  codeFor(status: number): string;
  /** The status and message of a code; a code the catalogue lacks is a 400. */
  describe(code: string): { readonly status: number; readonly message: string };
  answer(refusal: Refusal): Answer;
  /** The answer of a write that succeeded, with any status below 400. */
  success(status: number): Answer;
}

export function refusalOf(catalogue: RefusalCatalogue, code: string, message?: string): Refusal {
  const known = catalogue.describe(code);
  return { refused: true, status: known.status, code, message: message ?? known.message };
}
