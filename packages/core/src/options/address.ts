// The address of a service as people write it.
// Takes: an endpoint. Gives: it with its scheme, its host, and what is wrong with it. Keeps: nothing.

import { TARGETS, type TargetFacts, targetOfHost } from './targets';

/** The vendor's SDKs differ: some want the address with its scheme, some without. Both are taken. */
export function withScheme(endpoint: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
}

/** '' of what is no address. */
export function hostOf(endpoint: string): string {
  try {
    return new URL(withScheme(endpoint)).hostname;
  } catch {
    return '';
  }
}

/** What is wrong with an address; nothing if it will do. */
export function addressProblem(endpoint: string, { vendor }: TargetFacts, allowInsecure: boolean): string | undefined {
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

function isLoopback(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127\./.test(name);
}
