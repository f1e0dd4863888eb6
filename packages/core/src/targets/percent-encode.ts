// Percent-encoding as RFC 3986 defines it, which the signatures of both services use.

/** Encodes everything but the unreserved characters. encodeURIComponent leaves five more characters unencoded. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
