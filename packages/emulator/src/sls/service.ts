// Alibaba Cloud SLS: the stages of a request, from top to bottom. ../server.ts has the sockets.

import { randomBytes } from 'node:crypto';
import { type Answer, isRefusal, type Refusal } from '../answer.js';
import type { AcceptedRequest, Ledger } from '../ledger.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, parameter, type RequestHead } from '../request.js';
import { isApiKey, keyOf, type TemporaryKeys } from '../temporary-keys.js';
import type { Destination, Vendor } from '../vendor.js';
import { LogQueries } from './get-logs.js';
import { createIndex, getIndex, updateIndex } from './indexes.js';
import { maxBodyBytesOf } from './limits.js';
import { getLogStore } from './logstores.js';
import { logstoreOf, namedProject, type Place, type Resource, readPlace, storeToRead } from './place.js';
import { listShards, type Reading, readShard } from './pull-logs.js';
import { acceptPutLogs, hashKeyOf, peekPutLogs, type Writing } from './put-logs.js';
import { answerRefusal, catalogue, refuse, shown } from './refusal.js';
import { accessKeyIdOf, apiKeyOf, checkUnsigned, verifySignature } from './signature.js';
import { acceptTrack, peekTrack } from './track.js';

const WRITES: readonly Resource[] = ['lb', 'route', 'logstore'];

type Route = (request: ApiRequest, place: Place, nowMs: number) => Answer | Refusal;

export class SlsService implements Vendor {
  readonly requestIdHeader = 'x-log-requestid';
  readonly catalogue = catalogue;
  readonly largestBodyBytes: number;
  readonly #options: ResolvedOptions;
  readonly #ledger: Ledger;
  readonly #temporaryKeys: TemporaryKeys;
  readonly #queries: LogQueries;
  readonly #routes: Readonly<Record<Resource, Readonly<Record<string, Route>>>>;

  constructor(options: ResolvedOptions, ledger: Ledger, temporaryKeys: TemporaryKeys) {
    this.#options = options;
    this.#ledger = ledger;
    this.#temporaryKeys = temporaryKeys;
    this.#queries = new LogQueries(ledger);
    this.largestBodyBytes = maxBodyBytesOf(options);
    const putLogs: Route = (request, place, nowMs) => this.#write(acceptPutLogs(this.#writing(request, place, nowMs)));
    const track: Route = (request, place, nowMs) => this.#write(acceptTrack(this.#writing(request, place, nowMs)));
    this.#routes = {
      lb: { POST: putLogs },
      route: { POST: putLogs },
      logstore: { POST: putLogs, GET: this.#reading((reading) => this.#readLogstore(reading)) },
      track: { POST: track, GET: track },
      logs: { POST: this.#reading((reading) => this.#queries.getLogsV2(reading)) },
      index: {
        POST: this.#reading((reading) => createIndex(reading, ledger)),
        GET: this.#reading(getIndex),
        PUT: this.#reading(updateIndex),
      },
      shards: { GET: this.#reading(listShards) },
      shard: { GET: this.#reading((reading) => readShard(reading, ledger)) },
    };
  }

  makeRequestId(): string {
    return randomBytes(12).toString('hex').toUpperCase();
  }

  owns(path: string): boolean {
    return path === '/logstores' || path.startsWith('/logstores/');
  }

  destination(head: RequestHead): Destination {
    return {
      project: namedProject(head),
      logstore: logstoreOf(head.path),
      topicId: '',
      hashKey: hashKeyOf(head, { resource: head.path.endsWith('/shards/route') ? 'route' : 'lb' }),
    };
  }

  peek(request: ApiRequest): readonly LogGroup[] | null {
    const place = readPlace(request);
    if (isRefusal(place)) return null;
    if (place.resource === 'track') return peekTrack(request, this.#options);
    if (request.method !== 'POST') return null;
    return WRITES.includes(place.resource) ? peekPutLogs(request, this.#options) : null;
  }

  answer(request: ApiRequest, nowMs: number): Answer {
    const outcome = this.#serve(request, nowMs);
    return isRefusal(outcome) ? answerRefusal(outcome) : outcome;
  }

  reset(): void {
    this.#queries.reset();
  }

  #serve(request: ApiRequest, nowMs: number): Answer | Refusal {
    const place = readPlace(request);
    if (isRefusal(place)) return place;
    const run = this.#routes[place.resource][request.method];
    if (!run) return refuse('MethodNotSupport');
    // Web tracking needs no signature, and has forms of its own. A signature that is sent must be valid.
    if (place.resource === 'track' && header(request, 'authorization') === undefined) return run(request, place, nowMs);
    const version = header(request, 'x-log-apiversion');
    if (version === undefined) return refuse('MissingAPIVersion');
    if (version !== '0.6.0') return refuse('InvalidAPIVersion');
    return this.#checkKey(request, place, nowMs) ?? run(request, place, nowMs);
  }

  #checkKey(request: ApiRequest, place: Place, nowMs: number): Refusal | null {
    const isWrite = place.resource === 'track' || (WRITES.includes(place.resource) && request.method === 'POST');
    const apiKey = apiKeyOf(request);
    if (apiKey !== undefined) return this.#checkApiKey(apiKey, request, isWrite, nowMs);
    const policy = { ...this.#options, temporary: this.#temporaryKeys.keys, nowMs };
    const wrong = verifySignature(request, policy);
    if (wrong !== null || isWrite || keyOf(policy, accessKeyIdOf(request))?.writeOnly !== true) return wrong;
    return refuse('Unauthorized', `denied by sts or ram, action: ${actionOf(request, place)}`);
  }

  #checkApiKey(apiKey: string, request: ApiRequest, isWrite: boolean, nowMs: number): Refusal | null {
    const policy = { ...this.#options, temporaryApiKeys: this.#temporaryKeys.apiKeys };
    if (!isApiKey(policy, apiKey, nowMs)) return refuse('Unauthorized', 'The API key is unknown or has expired.');
    if (!isWrite) return refuse('Unauthorized', 'An API key can only write.');
    return checkUnsigned(request, nowMs);
  }

  #reading(read: (reading: Reading) => Answer | Refusal): Route {
    return (request, place, nowMs) => {
      const store = storeToRead(this.#ledger, place, this.#options.logstores);
      return isRefusal(store) ? store : read({ request, place, store, nowMs });
    };
  }

  #readLogstore(reading: Reading): Answer | Refusal {
    const type = parameter(reading.request, 'type');
    if (type === 'log') return this.#queries.getLogs(reading);
    if (type !== undefined) return refuse('ParameterInvalid', `The type ${shown(type)} is not log.`);
    return getLogStore(reading, this.#options);
  }

  #writing(request: ApiRequest, place: Place, nowMs: number): Writing {
    return { request, place, ledger: this.#ledger, options: this.#options, nowMs };
  }

  #write(accepted: AcceptedRequest | Refusal): Answer | Refusal {
    if (isRefusal(accepted)) return accepted;
    this.#ledger.append(accepted);
    return catalogue.success(200);
  }
}

/** The name of a right, for its refusal. */
function actionOf(request: ApiRequest, { resource }: Place): string {
  const isSearch = resource === 'logs' || parameter(request, 'type') === 'log';
  const read = { index: 'log:GetIndex', shards: 'log:ListShards', shard: 'log:GetCursorOrData' };
  if (isSearch && resource !== 'shard') return 'log:GetLogStoreLogs';
  if (resource === 'index' && request.method !== 'GET')
    return request.method === 'POST' ? 'log:CreateIndex' : 'log:UpdateIndex';
  return resource in read ? read[resource as keyof typeof read] : 'log:GetLogStore';
}
