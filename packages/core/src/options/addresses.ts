// The addresses in the options: the service's, and what stands between us and it.
//
// Takes: the options so far. Gives: what is wrong with them. Keeps: nothing. Never: repeats a proxy's address, which may have
// a password in it.

import { isLoopback } from '../http/loopback';
import { NotRegularFile, readRegular } from '../regular-file';
import type { Problem } from './problems';
import { TARGETS, type TargetFacts, targetOfHost } from './targets';
import { get, setAt, type Tree } from './tree';

/** '' of what is no address. */
export function hostOf(endpoint: string): string {
  return urlOf(withScheme(endpoint))?.hostname ?? '';
}

export function addressProblems(tree: Tree, facts: TargetFacts): Problem[] {
  const { endpoint } = tree;
  if (typeof endpoint !== 'string') return [];
  const text = addressProblem(endpoint, facts, tree['allowInsecure'] === true);
  return text === undefined ? [] : [{ path: 'endpoint', text }];
}

function addressProblem(endpoint: string, { vendor }: TargetFacts, allowInsecure: boolean): string | undefined {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    return `is not an address; it looks like ${vendor.endpointOf('cn-beijing')}`;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return `must be a host only, without "${url.pathname}${url.search ? '?…' : ''}${url.hash ? '#…' : ''}"`;
  }
  const meant = targetOfHost(url.hostname);
  if (meant !== undefined && TARGETS[meant].vendor !== vendor) {
    const { name } = TARGETS[meant].vendor;
    return `is one of ${name}, and target is one of ${vendor.name}; set target: '${meant}', or another endpoint`;
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure) {
    return 'is http and not on this machine; use https, or set allowInsecure: true if you mean it';
  }
  return undefined;
}

/** The vendor's SDKs differ: some want the address with its scheme, some without. Both are taken. */
export function withScheme(endpoint: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
}

/** What stands between us and the services: read now, so that a mistake is told at the start. */
export function networkProblems(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const tell = (path: string, text: string) => problems.push({ path, text });
  const { proxy } = tree;
  if (typeof proxy === 'string' && proxy !== 'none' && !/^https?:$/.test(urlOf(proxy)?.protocol ?? '')) {
    tell('proxy', 'must be like http://host:port or http://name:password@host:port, or none');
  }
  const caFile = get(tree, 'tls.caFile');
  if (typeof caFile === 'string' && caFile !== '') {
    const problem = certificatesProblem(caFile);
    if (problem !== undefined) tell('tls.caFile', problem);
  }
  for (const path of ['credentials.stsEndpoint', 'credentials.metadataEndpoint']) {
    const given = get(tree, path);
    if (typeof given !== 'string') continue;
    const url = urlOf(withScheme(given));
    if (url === undefined || url.origin === 'null' || url.pathname !== '/')
      tell(path, 'must be a host, as in https://host');
    else setAt(tree, path, url.origin);
    const isPlain = url?.protocol === 'http:' && !isLoopback(url.hostname) && tree['allowInsecure'] !== true;
    if (isPlain && path === 'credentials.stsEndpoint') tell(path, 'is http and not on this machine; use https');
  }
  return problems;
}

function certificatesProblem(file: string): string | undefined {
  // Loaded here: who has no such file has no use for it.
  const { X509Certificate } = require('node:crypto') as typeof import('node:crypto');
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
