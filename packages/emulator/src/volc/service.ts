// Volcengine TLS: the stages of a request, from top to bottom. ../server.ts has the sockets.

import { randomBytes } from 'node:crypto';
import { type Answer, isRefusal, type Refusal } from '../answer.js';
import type { AcceptedRequest, Ledger } from '../ledger.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter, type RequestHead } from '../request.js';
import { isApiKey, keyOf, type TemporaryKeys } from '../temporary-keys.js';
import type { Destination, Vendor } from '../vendor.js';
import { consumeLogs, describeCursor, describeShards } from './consume-logs.js';
import { createIndex, describeIndex, modifyIndex } from './indexes.js';
import { maxBodyBytesOf } from './limits.js';
import { acceptPutLogs, peekPutLogs } from './put-logs.js';
import { answerRefusal, catalogue, invalidArgument, refuse } from './refusal.js';
import { LogSearch } from './search-logs.js';
import { accessKeyIdOf, verifySignature } from './signature.js';
import { describeTopic } from './topics.js';
import { acceptWebTracks, peekWebTracks } from './web-tracks.js';

/** All that a key that may only write can call. */
const WRITES = ['/PutLogs', '/WebTracks'];

type Route = (request: ApiRequest, nowMs: number) => Answer | Refusal;

export class TlsService implements Vendor {
  readonly requestIdHeader = 'X-Tls-Requestid';
  readonly catalogue = catalogue;
  readonly largestBodyBytes: number;
  readonly #options: ResolvedOptions;
  readonly #ledger: Ledger;
  readonly #temporaryKeys: TemporaryKeys;
  readonly #search: LogSearch;
  readonly #routes: ReadonlyMap<string, { readonly methods: readonly string[]; readonly run: Route }>;

  constructor(options: ResolvedOptions, ledger: Ledger, temporaryKeys: TemporaryKeys) {
    this.#options = options;
    this.largestBodyBytes = maxBodyBytesOf(options);
    this.#ledger = ledger;
    this.#temporaryKeys = temporaryKeys;
    this.#search = new LogSearch(ledger);
    this.#routes = new Map([
      ['/PutLogs', { methods: ['POST'], run: (request, nowMs) => this.#putLogs(request, nowMs) }],
      ['/WebTracks', { methods: ['POST'], run: (request, nowMs) => this.#webTracks(request, nowMs) }],
      ['/SearchLogs', { methods: ['POST'], run: (request) => this.#search.answer(request) }],
      ['/DescribeTopic', { methods: ['GET'], run: (request) => describeTopic(request, ledger, options) }],
      ['/CreateIndex', { methods: ['POST'], run: (request, nowMs) => createIndex(request, ledger, nowMs) }],
      ['/DescribeIndex', { methods: ['GET'], run: (request) => describeIndex(request, ledger) }],
      ['/ModifyIndex', { methods: ['PUT'], run: (request, nowMs) => modifyIndex(request, ledger, nowMs) }],
      ['/DescribeShards', { methods: ['GET'], run: (request) => describeShards(request, ledger) }],
      // The documentation has POST, and the SDKs send GET with a body.
      ['/DescribeCursor', { methods: ['GET', 'POST'], run: (request) => describeCursor(request, ledger) }],
      ['/ConsumeLogs', { methods: ['GET', 'POST'], run: (request) => consumeLogs(request, ledger) }],
    ]);
  }

  makeRequestId(): string {
    return randomBytes(16).toString('hex');
  }

  owns(): boolean {
    return true;
  }

  destination(head: RequestHead): Destination {
    return {
      project: parameter(head, 'ProjectId') ?? '',
      logstore: '',
      topicId: parameter(head, 'TopicId') ?? '',
      hashKey: header(head, 'x-tls-hashkey') ?? '',
    };
  }

  peek(request: ApiRequest): readonly LogGroup[] | null {
    if (request.path === '/PutLogs') return peekPutLogs(request, this.#options);
    return request.path === '/WebTracks' ? peekWebTracks(request, this.#options) : null;
  }

  answer(request: ApiRequest, nowMs: number): Answer {
    const outcome = this.#serve(request, nowMs);
    return isRefusal(outcome) ? answerRefusal(outcome) : outcome;
  }

  reset(): void {
    this.#search.reset();
  }

  #serve(request: ApiRequest, nowMs: number): Answer | Refusal {
    const route = this.#routes.get(request.path);
    if (!route) return refuse('PathNotFound');
    if (!route.methods.includes(request.method)) return refuse('MethodNotSupport');
    const version = header(request, 'x-tls-apiversion');
    if (version !== undefined && version !== '0.2.0' && version !== '0.3.0')
      return invalidArgument('x-tls-apiversion', version);
    // WebTracks needs no signature. A signature that is sent must be valid.
    const isAnonymous = request.path === '/WebTracks' && header(request, 'authorization') === undefined;
    const wrong = isAnonymous ? null : this.#checkKey(request, nowMs);
    return wrong ?? route.run(request, nowMs);
  }

  #checkKey(request: ApiRequest, nowMs: number): Refusal | null {
    const apiKey = header(request, 'x-tls-anonymous-identity');
    if (apiKey !== undefined && header(request, 'authorization') === undefined)
      return this.#checkApiKey(apiKey, request.path, nowMs);
    const policy = { ...this.#options, temporary: this.#temporaryKeys.keys, nowMs };
    const wrong = verifySignature(request, policy);
    if (wrong !== null || WRITES.includes(request.path)) return wrong;
    const isWriteOnly = keyOf(policy, accessKeyIdOf(request))?.writeOnly === true;
    return isWriteOnly ? refuse('AccessDenied', `The key has no right ${request.path.slice(1)}.`) : null;
  }

  #checkApiKey(apiKey: string, path: string, nowMs: number): Refusal | null {
    const policy = { ...this.#options, temporaryApiKeys: this.#temporaryKeys.apiKeys };
    if (!isApiKey(policy, apiKey, nowMs)) return refuse('AuthFailed', 'The API key is unknown or has expired.');
    return path === '/PutLogs' ? null : refuse('AccessDenied', 'An API key can only be used for PutLogs.');
  }

  #putLogs(request: ApiRequest, nowMs: number): Answer | Refusal {
    return this.#write(acceptPutLogs(request, this.#ledger, this.#options, nowMs));
  }

  #webTracks(request: ApiRequest, nowMs: number): Answer | Refusal {
    return this.#write(acceptWebTracks(request, this.#ledger, this.#options, nowMs));
  }

  #write(accepted: AcceptedRequest | Refusal): Answer | Refusal {
    if (isRefusal(accepted)) return accepted;
    this.#ledger.append(accepted);
    return catalogue.success(200);
  }
}
