// An HTTP request as plain data. Headers are by lower-case name, with every occurrence.

import type { IncomingMessage } from 'node:http';

export interface RequestHead {
  readonly method: string;
  /** The path as sent, percent-encoded. */
  readonly path: string;
  /** The decoded query in the order sent, or `null` if its percent-encoding is malformed. */
  readonly query: readonly (readonly [string, string])[] | null;
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

export interface ApiRequest extends RequestHead {
  readonly body: Buffer;
  readonly requestId: string;
}

export function readHead(incoming: IncomingMessage): RequestHead {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const name = incoming.rawHeaders[at]!.toLowerCase();
    const values = headers.get(name);
    if (values) values.push(incoming.rawHeaders[at + 1]!);
    else headers.set(name, [incoming.rawHeaders[at + 1]!]);
  }
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: parseQuery(mark < 0 ? '' : target.slice(mark + 1)),
    headers,
  };
}

/** The first value of a header, trimmed. `undefined` if it was not sent. */
export function header(head: RequestHead, name: string): string | undefined {
  return head.headers.get(name)?.[0]?.trim();
}

/** The first value of a query parameter. `undefined` if it was not sent. */
export function parameter(head: RequestHead, name: string): string | undefined {
  return head.query?.find(([key]) => key === name)?.[1];
}

// axios (the Node SDK) sends a space in the query as '+', and signs it as %20. A plus is always sent as %2B.
function parseQuery(text: string): [string, string][] | null {
  const pairs: [string, string][] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    try {
      pairs.push([decodeURIComponent(key.replaceAll('+', ' ')), decodeURIComponent(value.replaceAll('+', ' '))]);
    } catch {
      return null;
    }
  }
  return pairs;
}
