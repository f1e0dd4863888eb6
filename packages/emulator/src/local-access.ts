// Decides who may use the control API: requests for this machine, and not those that a web page of another site makes.
//
// A web page may send requests to a server on the machine of its reader:
//   1. By DNS rebinding: a name of the page's site becomes 127.0.0.1. The Host header then has that name, and the page
//      can read the answers.
//   2. Across sites: the page sends a form to 127.0.0.1. It cannot read the answer, but the request is carried out. The
//      Origin header then has the page's site.

import { isIP } from 'node:net';
import { header, type RequestHead } from './request.js';

/** Addresses that stand for every address of the machine, as `host` of the options. */
const EVERY_ADDRESS = ['0.0.0.0', '::'];

export interface Listening {
  /** The address or name of the options. */
  readonly host: string;
  /** The address at which this request arrived. */
  readonly localAddress: string;
}

/** Returns a sentence that says why the request is refused; undefined if it is allowed. */
export function foreignAccess(head: RequestHead, listening: Listening): string | undefined {
  const host = header(head, 'host') ?? '';
  if (!isOurs(hostnameOf(`http://${host}`), listening)) {
    return `The control API answers to localhost, 127.0.0.1 and [::1], and to the name that --host names. The Host header is ${quoted(host)}.`;
  }
  const origin = header(head, 'origin');
  if (origin !== undefined && !isOurs(hostnameOf(origin), listening)) {
    return `The control API answers to no web page of another site. The Origin header is ${quoted(origin)}.`;
  }
  return undefined;
}

/** As URL writes it: in small letters, an IPv6 address in brackets. Undefined if it is none. */
function hostnameOf(address: string): string | undefined {
  try {
    const { hostname, username, password } = new URL(address);
    return username === '' && password === '' ? hostname.replace(/\.$/, '') : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(hostname: string | undefined, { host, localAddress }: Listening): boolean {
  if (hostname === undefined || hostname === '') return false;
  // Browsers and systems resolve names below localhost to this machine only.
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  if (hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)) return true;
  if (hostname === nameOf(host)) return true;
  // An address is no name, so it cannot be rebound.
  return EVERY_ADDRESS.includes(host) && hostname === nameOf(localAddress.replace(/^::ffff:(?=\d+\.)/, ''));
}

function nameOf(host: string): string | undefined {
  return hostnameOf(`http://${isIP(host) === 6 ? `[${host}]` : host}`);
}

/** Without control characters, and not longer than a name. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 255));
}
