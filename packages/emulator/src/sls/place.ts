// The project, the Logstore and the resource that a request names.
//
// The project is the first label of the Host, where every client writes it. A request to a domain of the user's own
// names it in `x-log-project`, as the vendor's agent does.

import { isIP } from 'node:net';
import type { Refusal } from '../answer.js';
import type { Ledger, Store } from '../ledger.js';
import { header, type RequestHead } from '../request.js';
import { refuse, shown } from './refusal.js';

export type Resource = 'logstore' | 'lb' | 'route' | 'track' | 'logs' | 'index' | 'shards' | 'shard';

export interface Place {
  readonly project: string;
  readonly logstore: string;
  readonly resource: Resource;
  /** For the resource `shard`; otherwise `''`. */
  readonly shard: string;
}

const PATH = /^\/logstores\/([^/]+)(?:\/(shards\/lb|shards\/route|shards|track|logs|index|shards\/(\d{1,9})))?$/;
// The documented forms of the names.
const PROJECT = /^[0-9a-zA-Z_-]{1,128}$/;
const LOGSTORE = /^[a-z0-9_-]{3,63}$/;

export function readPlace(head: RequestHead): Place | Refusal {
  const path = PATH.exec(head.path);
  if (!path) return refuse('PathNotFound');
  const host = header(head, 'host') ?? '';
  if (host === '') return refuse('MissingHost');
  const project = namedProject(head);
  if (project === '') {
    return refuse(
      'ParameterInvalid',
      `The Host header ${shown(host)} names no project: its form is {project}.{endpoint}.`,
    );
  }
  if (!PROJECT.test(project)) return refuse('ProjectNotExist', `There can be no project ${shown(project)}.`);
  const logstore = path[1]!;
  if (!LOGSTORE.test(logstore)) return refuse('LogStoreNotExist', `There can be no Logstore ${shown(logstore)}.`);
  const shard = path[3] ?? '';
  return { project, logstore, resource: shard === '' ? resourceOf(path[2]) : 'shard', shard };
}

/** The project that a request names. `''` if it names none. */
export function namedProject(head: RequestHead): string {
  return header(head, 'x-log-project') ?? projectOf(header(head, 'host') ?? '');
}

/**
 * The first label of a host name with at least two labels. `''` for an IP address and a single name, which have no
 * project.
 */
function projectOf(host: string): string {
  const name = host.replace(/:\d*$/, '');
  const dot = name.indexOf('.');
  return dot <= 0 || name.startsWith('[') || isIP(name) !== 0 ? '' : name.slice(0, dot);
}

/** The Logstore of a path, for a fault rule. `''` if the path has none. */
export function logstoreOf(path: string): string {
  return /^\/logstores\/([^/]+)/.exec(path)?.[1] ?? '';
}

export function storeName({ project, logstore }: Pick<Place, 'project' | 'logstore'>): string {
  return `${project}/${logstore}`;
}

export function storeToRead(ledger: Ledger, place: Place, listed: readonly string[] | undefined): Store | Refusal {
  return ledger.store('sls', storeName(place)) ?? refuseStore(place, listed);
}

export function storeToWrite(ledger: Ledger, place: Place, listed: readonly string[] | undefined): Store | Refusal {
  return ledger.storeToWrite('sls', storeName(place)) ?? refuseStore(place, listed);
}

function refuseStore({ project, logstore }: Place, listed: readonly string[] | undefined): Refusal {
  return listed && !listed.some((name) => name.startsWith(`${project}/`))
    ? refuse('ProjectNotExist', `The Project does not exist : ${project}.`)
    : refuse('LogStoreNotExist', `logstore ${logstore} does not exist.`);
}

function resourceOf(rest: string | undefined): Resource {
  return rest === undefined ? 'logstore' : (rest.replace('shards/', '') as Resource);
}
