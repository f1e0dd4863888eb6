// The types of one HTTP exchange: the request, the answer and the network between them.

/** How much of an answer's head is read at most. It replaces the limit of the process. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** A request that is signed, or that needs no signature. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The result of one request. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      /** The body as text, to the most bytes that are read. */
      readonly body: string;
      /** The request was sent before over a connection that ended. The service may have processed it then. */
      readonly isRepeated?: boolean;
    }
  /** No complete answer. The service may have processed the request or not. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** How to reach the service. */
export interface Network {
  /** The proxy's address. It includes name and password if the proxy needs them. */
  readonly proxy?: string | undefined;
  /** Hosts that are reached without the proxy, in the format of NO_PROXY. */
  readonly noProxy?: string | undefined;
  /** A file of CA certificates in PEM form that are trusted in addition to Node's own. */
  readonly caFile?: string | undefined;
}
