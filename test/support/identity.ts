// A strict emulator of both vendors' STS and metadata services, which issue temporary credentials.
//
// It records each request and what was wrong with it. It issues no credentials to a request that came through a proxy,
// or without the metadata service's own token.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Issued {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string;
  readonly expiresMs: number;
}

export interface IdentityOptions {
  /** The token of the workload, as its cluster wrote it. */
  readonly oidcToken?: () => string;
  /** The keys for the next valid request. */
  readonly issue: () => Issued;
  /** Answers with this status and code instead. */
  readonly refuse?: () => { status: number; code: string } | undefined;
}

export const ROLE = 'putlogs-role';
export const TRN = `trn:iam::2100000000:role/${ROLE}`;
export const ARN = `acs:ram::1000000000:role/${ROLE}`;
export const PROVIDER_ARN = 'acs:ram::1000000000:oidc-provider/ack-rrsa-c0ffee';

export interface Identity {
  readonly url: string;
  /** Method and path of each request. */
  readonly asked: readonly string[];
  /** What was wrong with invalid requests. */
  readonly wrong: readonly string[];
  close(): Promise<void>;
}

/** Listens on the given port, or on a free one. */
export async function startIdentity(options: IdentityOptions, port = 0): Promise<Identity> {
  const asked: string[] = [];
  const wrong: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    readBody(request).then((body) => {
      try {
        answer(options, request, body, response);
      } catch (error) {
        wrong.push(`${request.method} ${request.url}: ${(error as Error).message}`);
        response.writeHead(400).end('{}');
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, wrong, close };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function answer(options: IdentityOptions, request: IncomingMessage, body: string, response: ServerResponse): undefined {
  const url = new URL(request.url!, 'http://host');
  const json = (value: unknown, status = 200): undefined => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  for (const name of ['via', 'x-forwarded-for', 'proxy-connection', 'authorization']) {
    demand(request.headers[name] === undefined, `has the header ${name}`);
  }
  const refusal = options.refuse?.();
  if (url.pathname === '/') return sts(options, request, url.searchParams, body, refusal, json);
  if (refusal !== undefined) return json({ code: refusal.code }, refusal.status);
  return metadata(options, request, url, response, json);
}

function sts(
  { oidcToken, issue }: IdentityOptions,
  { method, headers }: IncomingMessage,
  query: URLSearchParams,
  body: string,
  refusal: { status: number; code: string } | undefined,
  json: (value: unknown, status?: number) => undefined,
): undefined {
  demand(method === 'POST', 'is not POST');
  demand(headers['content-type'] === 'application/x-www-form-urlencoded', 'is no form');
  demand(query.get('Action') === 'AssumeRoleWithOIDC', 'Action is another');
  const isVolcengine = query.get('Version') === '2018-01-01';
  demand(isVolcengine || query.get('Version') === '2015-04-01', 'Version is neither');
  const form = Object.fromEntries(new URLSearchParams(body));
  const expected = isVolcengine ? { RoleTrn: TRN } : { RoleArn: ARN, OIDCProviderArn: PROVIDER_ARN };
  const names = ['OIDCToken', 'RoleSessionName', 'DurationSeconds', ...Object.keys(expected)];
  demand(Object.keys(form).sort().join() === names.sort().join(), `has ${Object.keys(form)}`);
  for (const [name, value] of Object.entries(expected)) demand(form[name] === value, `${name} is another`);
  demand(/^[A-Za-z0-9.@_-]{2,64}$/.test(form['RoleSessionName']!), 'RoleSessionName is not one');
  demand(form['DurationSeconds'] === '3600', 'DurationSeconds is not an hour');
  if (!isVolcengine) {
    demand(query.get('Format') === 'JSON', 'Format is not JSON');
    demand(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(query.get('Timestamp') ?? ''), 'Timestamp is not one');
  }
  const token = form['OIDCToken'];
  const error = token === oidcToken?.() ? refusal : { status: 400, code: 'InvalidOIDCToken' };
  // Both repeat the token of the request, as a service may.
  const Message = `The token ${token} is not valid.`;
  if (error !== undefined) {
    const { code: Code, status } = error;
    return json(isVolcengine ? { ResponseMetadata: { Error: { Code, Message } } } : { Code, Message }, status);
  }
  const { accessKeyId: AccessKeyId, accessKeySecret, securityToken, expiresMs } = issue();
  if (isVolcengine) {
    const ExpiredTime = new Date(expiresMs).toISOString().replace('Z', '+00:00');
    const Credentials = { AccessKeyId, SecretAccessKey: accessKeySecret, SessionToken: securityToken, ExpiredTime };
    return json({ ResponseMetadata: { Action: 'AssumeRoleWithOIDC' }, Result: { Credentials } });
  }
  const Expiration = new Date(expiresMs).toISOString();
  return json({
    Credentials: { AccessKeyId, AccessKeySecret: accessKeySecret, SecurityToken: securityToken, Expiration },
  });
}

const SESSION = 'AQAAAAtokenOfTheMetadataService==';

function metadata(
  { issue }: IdentityOptions,
  { method, headers }: IncomingMessage,
  { pathname, search }: URL,
  response: ServerResponse,
  json: (value: unknown, status?: number) => undefined,
): undefined {
  const isVolcengine =
    pathname.startsWith('/volcstack/') || headers['x-volc-ecs-metadata-token-ttl-seconds'] !== undefined;
  const prefix = isVolcengine ? 'x-volc' : 'x-aliyun';
  if (pathname === '/latest/api/token') {
    demand(method === 'PUT', 'the token is asked for by another method than PUT');
    const seconds = Number(headers[`${prefix}-ecs-metadata-token-ttl-seconds`]);
    demand(seconds >= 1 && seconds <= 21_600, 'the token has no time to live');
    response.end(SESSION);
    return;
  }
  demand(method === 'GET', 'is not GET');
  demand(headers[`${prefix}-ecs-metadata-token`] === SESSION, 'has not the token');
  if (isVolcengine && pathname === '/volcstack/latest/iam/security_credentials') {
    demand(search === '?type=user&format=json', 'asks for something else than the roles');
    return json([ROLE]);
  }
  if (!isVolcengine && pathname === '/latest/meta-data/ram/security-credentials/') {
    response.end(ROLE);
    return;
  }
  const path = isVolcengine
    ? '/volcstack/latest/iam/security_credentials/'
    : '/latest/meta-data/ram/security-credentials/';
  if (pathname !== path + ROLE) return json({}, 404);
  const { accessKeyId: AccessKeyId, accessKeySecret, securityToken, expiresMs } = issue();
  const expires = new Date(expiresMs).toISOString();
  if (isVolcengine) {
    const rest = { SecretAccessKey: accessKeySecret, SessionToken: securityToken, ExpiredTime: expires };
    return json({ AccessKeyId, ...rest });
  }
  const rest = { AccessKeySecret: accessKeySecret, SecurityToken: securityToken, Expiration: expires };
  return json({ Code: 'Success', AccessKeyId, ...rest });
}
