// Takes: whole requests to Alibaba Cloud SLS. Gives: their answers: this file is the way of a request, top to bottom.
// Keeps: nothing. Never: touches a socket; see ../server.ts.
import { randomBytes } from 'node:crypto';
import { type Answer, isRefusal, type Refusal } from '../answer.js';
import type { Ledger } from '../ledger.js';
import type { LogGroup } from '../log-group.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, header, type RequestHead } from '../request.js';
import type { Destination, Vendor } from '../vendor.js';
import { logstoreOf, type Place, projectOf, type Resource, readPlace } from './place.js';
import { acceptPutLogs, hashKeyOf, peekPutLogs } from './put-logs.js';
import { answerRefusal, catalogue, refuse } from './refusal.js';
import { verifySignature } from './signature.js';

type Route = (request: ApiRequest, place: Place, nowMs: number) => Answer | Refusal;

export class SlsService implements Vendor {
  readonly requestIdHeader = 'x-log-requestid';
  readonly catalogue = catalogue;
  readonly largestBodyBytes: number;
  readonly #options: ResolvedOptions;
  readonly #ledger: Ledger;
  readonly #routes: Readonly<Record<Resource, Readonly<Record<string, Route>>>>;

  constructor(options: ResolvedOptions, ledger: Ledger) {
    this.#options = options;
    this.#ledger = ledger;
    this.largestBodyBytes = options.slsMaxBodyBytes;
    const putLogs: Route = (request, place, nowMs) => this.#putLogs(request, place, nowMs);
    this.#routes = {
      lb: { POST: putLogs },
      route: { POST: putLogs },
      logstore: { POST: putLogs },
      track: {},
      logs: {},
      shards: {},
      shard: {},
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
      project: projectOf(header(head, 'host') ?? ''),
      logstore: logstoreOf(head.path),
      topicId: '',
      hashKey: hashKeyOf(head, { resource: head.path.endsWith('/shards/route') ? 'route' : 'lb' }),
    };
  }

  peek(request: ApiRequest): readonly LogGroup[] | null {
    const place = readPlace(request);
    if (isRefusal(place) || request.method !== 'POST') return null;
    return this.#routes[place.resource]['POST'] ? peekPutLogs(request, this.#options) : null;
  }

  answer(request: ApiRequest, nowMs: number): Answer {
    const outcome = this.#serve(request, nowMs);
    return isRefusal(outcome) ? answerRefusal(outcome) : outcome;
  }

  reset(): void {}

  #serve(request: ApiRequest, nowMs: number): Answer | Refusal {
    const place = readPlace(request);
    if (isRefusal(place)) return place;
    const run = this.#routes[place.resource][request.method];
    if (!run) return refuse('MethodNotSupport');
    const version = header(request, 'x-log-apiversion');
    if (version === undefined) return refuse('MissingAPIVersion');
    if (version !== '0.6.0') return refuse('InvalidAPIVersion');
    return verifySignature(request, { ...this.#options, nowMs }) ?? run(request, place, nowMs);
  }

  #putLogs(request: ApiRequest, place: Place, nowMs: number): Answer | Refusal {
    const accepted = acceptPutLogs({ request, place, ledger: this.#ledger, options: this.#options, nowMs });
    if (isRefusal(accepted)) return accepted;
    this.#ledger.append(accepted);
    return catalogue.success(200);
  }
}
