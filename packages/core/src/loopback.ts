// Which hosts are this machine itself.
// Takes: a host as a URL has it. Gives: whether nothing that is sent there leaves the machine. Keeps: nothing. Never: asks DNS.

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}
