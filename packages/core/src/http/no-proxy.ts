// Decides whether requests to a URL go through the proxy.
//
// NO_PROXY is a list of hosts, separated by commas or spaces:
//   example.com, .example.com, *.example.com   the host and every host below it
//   example.com:8080, [2001:db8::1]:8080       only that port
//   2001:db8::1, [2001:db8::1]                 an IPv6 address
//   *                                          every host
// Ranges of addresses (10.0.0.0/8) are not supported.

import { isIPv6 } from 'node:net';
import { isLoopback } from './loopback';

/** Returns true if requests to the URL go through the proxy. Requests to this machine never do. */
export function isProxied(url: URL, noProxy: string | undefined): boolean {
  if (isLoopback(url.hostname)) return false;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const entries = (noProxy ?? '').toLowerCase().split(/[,\s]+/);
  return !entries.some((entry) => entry !== '' && matches(entry, url.hostname.toLowerCase(), port));
}

function matches(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true;
  if (isIPv6(entry)) return hostname === new URL(`http://[${entry}]`).hostname;
  const withPort = /^(.+):(\d+)$/.exec(entry);
  if (withPort !== null && Number(withPort[2]) !== Number(port)) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\*?\./, '');
  return hostname === name || hostname.endsWith(`.${name}`);
}
