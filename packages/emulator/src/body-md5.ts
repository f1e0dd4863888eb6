// The check of a Content-MD5 header.

import { createHash } from 'node:crypto';

/** Whether this is the MD5 of the body, in hex of either case. True if OpenSSL refuses MD5, as in FIPS mode. */
export function isMd5Of(md5: string, body: Buffer): boolean {
  let hash: ReturnType<typeof createHash>;
  try {
    hash = createHash('md5');
  } catch {
    return true;
  }
  return md5.toLowerCase() === hash.update(body).digest('hex');
}
