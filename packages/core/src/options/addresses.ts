// Checks the addresses in the options: the service's, the proxy's, and the files of the network.
//
// A problem never repeats the proxy's address: it may contain a password.

import { isIP } from 'node:net';
import { isLoopback } from '../http/loopback';
import { isProxied } from '../http/no-proxy';
import { NotRegularFile, readRegular } from '../runtime/regular-file';
import { get, setAt, type Tree } from './option-tree';
import type { Problem } from './problems';
import { TARGETS, type TargetFacts, type TargetName, targetOfHost } from './target-facts';

/** Returns '' for a text that is not an address. */
export function hostOf(endpoint: string): string {
  return urlOf(withScheme(endpoint))?.hostname ?? '';
}

export function addressProblems(tree: Tree, facts: TargetFacts): Problem[] {
  const { endpoint } = tree;
  if (typeof endpoint !== 'string') return [];
  const hasApiKey = get(tree, 'credentials.apiKey') !== undefined;
  const text =
    addressProblem(endpoint, facts, tree['allowInsecure'] === true) ??
    (hasApiKey ? apiKeyProblem(endpoint, facts) : undefined);
  return text === undefined ? [] : [{ path: 'endpoint', text }];
}

function addressProblem(endpoint: string, { vendor }: TargetFacts, allowInsecure: boolean): string | undefined {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    return `is not an address; expected something like ${vendor.endpointOf('cn-beijing')}`;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return `must be a host only, without "${url.pathname}${url.search ? '?…' : ''}${url.hash ? '#…' : ''}"`;
  }
  const meant = targetOfHost(url.hostname);
  if (meant !== undefined && TARGETS[meant].vendor !== vendor) {
    const { name } = TARGETS[meant].vendor;
    return `is an address of ${name}, but target is one of ${vendor.name}; set target: '${meant}' or change the endpoint`;
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure) {
    return 'is http and not on this machine; use https, or set allowInsecure: true';
  }
  return undefined;
}

/**
 * Returns why an API key must not be sent to this address. A person who reads an API key can use it: nothing is signed.
 */
export function apiKeyProblem(endpoint: string, { vendor }: TargetFacts): string | undefined {
  const { protocol, hostname } = new URL(endpoint);
  if (vendor.id !== 'aliyun' || protocol === 'https:' || isLoopback(hostname)) return undefined;
  return 'is http, and an API key is sent by https only; use https, or an access key';
}

/** Adds the scheme if it is missing: some of the vendors' SDKs require it, others forbid it. */
export function withScheme(endpoint: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
}

export interface SlsAddress {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly project: string;
  readonly customDomain: boolean;
}

/** Where the requests to an SLS project go. */
export interface Place {
  readonly origin: string;
  /** The Host header. */
  readonly host: string;
  /** Headers that name the project, if the host does not. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns the address of an SLS project. The project's name is the first label of the host.
 *
 * An endpoint that begins with the project is used unchanged. An IP address and this machine have no host names below
 * them. They are connected to directly, and only the Host header contains the project.
 *
 * A domain of the user's own (a CNAME) leads to the project by itself, so it is used unchanged. The header
 * `x-log-project` names the project there, as the vendor's agent sends it.
 */
export function placeOf({ endpoint, project, customDomain }: SlsAddress): Place {
  const { protocol, host, hostname, port, origin } = new URL(endpoint);
  if (customDomain) return { origin, host, headers: { 'x-log-project': project } };
  const headers = {};
  if (hostname.startsWith(`${project}.`)) return { origin, host, headers };
  if (hostname.startsWith('[')) {
    return { origin, host: `${project}.localhost${port === '' ? '' : `:${port}`}`, headers };
  }
  const isHere = isIP(hostname) !== 0 || hostname === 'localhost' || hostname.endsWith('.localhost');
  return { origin: isHere ? origin : `${protocol}//${project}.${host}`, host: `${project}.${host}`, headers };
}

/** Checks the proxy, the CA file and the addresses of credentials, so that a mistake is reported at the start. */
export function networkProblems(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const add = (path: string, text: string) => problems.push({ path, text });
  const { proxy } = tree;
  if (typeof proxy === 'string' && proxy !== 'none' && usesProxy(tree)) {
    const problem = proxyProblem(proxy);
    if (problem !== undefined) add('proxy', problem);
  }
  const caFile = get(tree, 'tls.caFile');
  if (typeof caFile === 'string' && caFile !== '') {
    const problem = certificatesProblem(caFile);
    if (problem !== undefined) add('tls.caFile', problem);
  }
  for (const path of ['credentials.stsEndpoint', 'credentials.metadataEndpoint']) {
    const given = get(tree, path);
    if (typeof given !== 'string') continue;
    const url = urlOf(withScheme(given));
    if (url === undefined || url.origin === 'null' || url.pathname !== '/')
      add(path, 'must be a host, as in https://host');
    else setAt(tree, path, url.origin);
    const isPlain = url?.protocol === 'http:' && !isLoopback(url.hostname) && tree['allowInsecure'] !== true;
    if (isPlain && path === 'credentials.stsEndpoint') add(path, 'is http and not on this machine; use https');
  }
  return problems;
}

/** Returns true if a request would use the proxy. Otherwise it is not checked: it may be meant for other programs. */
function usesProxy({ target, endpoint, project, customDomain, noProxy, credentials }: Tree): boolean {
  const service = typeof endpoint === 'string' ? urlOf(withScheme(endpoint)) : undefined;
  const isSls = TARGETS[target as TargetName]?.vendor.id === 'aliyun' && typeof project === 'string';
  const isCustom = customDomain === true;
  const { origin } =
    service !== undefined && isSls
      ? placeOf({ endpoint: service.origin, project, customDomain: isCustom })
      : { origin: service?.origin };
  const sts = get({ credentials }, 'credentials.stsEndpoint');
  return [origin, typeof sts === 'string' ? withScheme(sts) : undefined]
    .map((address) => (address === undefined ? undefined : urlOf(address)))
    .some((url) => url !== undefined && isProxied(url, typeof noProxy === 'string' ? noProxy : undefined));
}

const LIKE_A_PROXY = 'must be like http://host:port or http://name:password@host:port, or none';

function proxyProblem(proxy: string): string | undefined {
  const url = urlOf(proxy);
  const port = Number(/:(\d+)\/?$/.exec(proxy)?.[1] ?? 1);
  if (port < 1 || port > 65_535) return `${LIKE_A_PROXY}, with a port from 1 to 65535`;
  const socks = /^socks\w*(?=:)/i.exec(proxy)?.[0];
  if (socks !== undefined) return `${LIKE_A_PROXY}; ${socks.toLowerCase()} is not supported`;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return LIKE_A_PROXY;
  try {
    decodeURIComponent(url.username + url.password);
    return undefined;
  } catch {
    return 'has a % in its name or password that is not a valid escape; write the character % as %25';
  }
}

function certificatesProblem(file: string): string | undefined {
  // Loaded here, because only a CA file needs it.
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    new X509Certificate(readRegular(file));
    return undefined;
  } catch (error) {
    if (error instanceof NotRegularFile) return error.message;
    const { code, syscall } = error as NodeJS.ErrnoException;
    return syscall === undefined ? 'has no certificate in PEM form' : `cannot be read (${code})`;
  }
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
