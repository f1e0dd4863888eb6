// Removes secrets from text that comes from outside, in each form in which the text may repeat them.
//
// A service, a proxy or a debugging server may answer with the request that it received. Then the key's secret, the
// token, the signature or the proxy's password is in its message, its error code or its request id.

import { cleanText } from './outside-text';

/** The text that replaces a secret. */
const MASK = '***';

/** A shorter part of base64 could also be in an ordinary word. */
const MIN_BASE64_CHARACTERS = 6;

/** Finds the part of an Authorization header that must not be shown: the signature, or the whole credential. */
const SIGNATURE = /(?:\bSignature=|^LOG [^:]*:|^(?:Bearer|Basic) )(\S+)$/i;

/** Matches the headers that have a secret as their value. */
const SECRET_HEADER = /^(?:authorization|proxy-authorization|x-.*(?:token|api-?key|anonymous-identity)|cookie)$/i;

/** Returns the secrets in the headers of a signed request. */
export function secretsInHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .filter(([name]) => SECRET_HEADER.test(name))
    .flatMap(([, value]) => [value, SIGNATURE.exec(value)?.[1] ?? '']);
}

/** Returns the secrets in the address of a proxy: its password, and name and password as in the header. */
export function secretsInProxy(proxy: string | undefined): string[] {
  if (proxy === undefined || !URL.canParse(proxy)) return [];
  const { username, password } = new URL(proxy);
  if (password === '') return [];
  const pair = `${decoded(username)}:${decoded(password)}`;
  return [password, decoded(password), pair, Buffer.from(pair).toString('base64')];
}

/** Returns the text with a mask instead of each secret: raw, URL-encoded, JSON-escaped, or in base64. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  const distinct = new Set([...secrets].flatMap((secret) => [secret, cleanText(secret)]));
  // The longest form is replaced first. A secret may be a part of another one, and the rest of that one would stay.
  const forms = [...new Set([...distinct].flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return forms.reduce((rest, form) => rest.replaceAll(form, MASK), text);
}

function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const json = JSON.stringify(secret).slice(1, -1);
  const texts = [secret, json, json.replaceAll('/', '\\/'), ...urlEncoded(secret)];
  return [...texts, ...base64Cores(secret)];
}

/** Encoders differ in the characters that they leave, in the case of hex digits, and in how they write a space. */
function urlEncoded(secret: string): string[] {
  const component = encodeURIComponent(secret.replace(/\p{Cs}/gu, '\ufffd'));
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const upper = [component, strict, form, encodeURI(secret.replace(/\p{Cs}/gu, '\ufffd'))];
  return [...upper, ...upper.map((text) => text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase()))];
}

/**
 * Returns the characters that base64 has for the secret, at each place in a longer text. Three bytes become four
 * characters, so there are three cases. Characters that also depend on the bytes beside the secret are left out.
 */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const cores = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const isLastShared = (offset + bytes.length) % 3 !== 0;
    return text.slice(Math.ceil((offset * 8) / 6), isLastShared ? -1 : undefined);
  });
  return cores
    .filter(({ length }) => length >= MIN_BASE64_CHARACTERS)
    .flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The user wrote the address, and it may have a percent sign that encodes nothing.
    return text;
  }
}
