// Percent-encoding as RFC 3986 defines it, which the signatures of both services use.

/** Encodes all characters except the unreserved ones. encodeURIComponent leaves five more characters unencoded. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
