// CreateIndex, GetIndex and UpdateIndex of SLS: the form of an index, and its check.

import { type Answer, answerJson, isRefusal, type Refusal } from '../answer.js';
import { readJsonBody } from '../json-body.js';
import type { Ledger } from '../ledger.js';
import { type ApiRequest, header } from '../request.js';
import {
  createdIndex,
  DELIMITERS,
  type IndexChange,
  modifiedIndex,
  ownIndex,
  type SearchIndex,
} from '../search-index.js';
import type { Reading } from './pull-logs.js';
import { refuse } from './refusal.js';

type Fields = Readonly<Record<string, unknown>>;

const FIELD_TYPES = ['text', 'long', 'double', 'json'];
const TOKENS = [...DELIMITERS];
const NO_TOKEN = 'required field token is lacking or of error format';
/** How long the index of a new Logstore is kept. */
const INDEX_TTL_DAYS = 30;
const MAX_TEXT_BYTES = 2048;

/** The index that a new Logstore has by the option `index: 'all'`. */
export function slsOwnIndex(nowMs: number): SearchIndex {
  const text = { type: 'text', token: TOKENS, caseSensitive: false, chn: false, doc_value: true };
  const config = {
    line: { token: TOKENS, caseSensitive: false, chn: false },
    keys: { level: text, message: text },
  };
  return ownIndex(config, nowMs);
}

export function createIndex({ request, store, nowMs }: Reading, ledger: Ledger): Answer | Refusal {
  const change = readChange(request);
  if (isRefusal(change)) return change;
  if (store.index !== null) return refuse('IndexAlreadyExist');
  store.index = createdIndex(change, ledger.totals().logs, nowMs);
  return empty();
}

export function updateIndex({ request, store, nowMs }: Reading): Answer | Refusal {
  const change = readChange(request);
  if (isRefusal(change)) return change;
  if (store.index === null) return refuse('ParameterInvalid', 'log store index is not created');
  store.index = modifiedIndex(store.index, change, nowMs);
  return empty();
}

export function getIndex({ store }: Reading): Answer | Refusal {
  if (store.index === null) return refuse('IndexConfigNotExist', "index config doesn't exist");
  const { config, modifiedMs } = store.index;
  return answerJson({
    index_mode: 'v2',
    ...config,
    storage: 'pg',
    ttl: INDEX_TTL_DAYS,
    max_text_len: MAX_TEXT_BYTES,
    log_reduce: false,
    lastModifyTime: Math.floor(modifiedMs / 1000),
  });
}

function empty(): Answer {
  return { status: 200, headers: {}, body: Buffer.alloc(0) };
}

function readChange(request: ApiRequest): IndexChange | Refusal {
  const contentType = header(request, 'content-type');
  if (contentType === undefined) return refuse('MissingContentType');
  if (!/^application\/json\b/i.test(contentType)) return refuse('InvalidContentType');
  if (header(request, 'x-log-bodyrawsize') === undefined) return refuse('MissingBodyRawSize');
  const body = readJsonBody(request);
  if (body === null) return refuse('ParameterInvalid', 'The body is not a JSON object.');
  const { line, keys } = body;
  if (line === undefined && keys === undefined)
    return refuse('IndexInfoInvalid', 'required fields line/keys are lacking or of error format');
  const problem = (line === undefined ? null : lineProblem(line)) ?? (keys === undefined ? null : keysProblem(keys));
  if (problem !== null) return problem;
  const fields = new Set(Object.keys((keys ?? {}) as Fields));
  return {
    config: { ...(line === undefined ? {} : { line }), ...(keys === undefined ? {} : { keys }) },
    isInFullText: fullTextOf(line as Fields | undefined),
    isField: (field) => fields.has(field),
  };
}

function fullTextOf(line: Fields | undefined): (field: string) => boolean {
  if (line === undefined) return () => false;
  const { include_keys: included, exclude_keys: excluded } = line;
  if (isTexts(included) && included.length > 0) return (field) => included.includes(field);
  return isTexts(excluded) ? (field) => !excluded.includes(field) : () => true;
}

function lineProblem(line: unknown): Refusal | null {
  if (!isObject(line) || !isTexts(line['token'])) return refuse('IndexInfoInvalid', NO_TOKEN);
  const { include_keys: included, exclude_keys: excluded, caseSensitive = false, chn = false } = line;
  if (included !== undefined && excluded !== undefined)
    return refuse('IndexInfoInvalid', 'include_keys and exclude_keys cannot be set at the same time');
  if ([included, excluded].some((names) => names !== undefined && !isTexts(names)))
    return refuse('IndexInfoInvalid', 'include_keys or exclude_keys is not a list of names');
  return typeof caseSensitive === 'boolean' && typeof chn === 'boolean'
    ? null
    : refuse('IndexInfoInvalid', 'caseSensitive or chn is not true or false');
}

function keysProblem(keys: unknown): Refusal | null {
  if (!isObject(keys)) return refuse('IndexInfoInvalid', 'required fields line/keys are lacking or of error format');
  for (const [name, key] of Object.entries(keys)) {
    if (!isObject(key) || typeof key['type'] !== 'string')
      return refuse('ParameterInvalid', 'key config must has type');
    if (!FIELD_TYPES.includes(key['type']))
      return refuse('IndexInfoInvalid', `the type of ${name} is none of ${FIELD_TYPES.join(', ')}`);
    if (key['type'] === 'text' && !isTexts(key['token'])) return refuse('IndexInfoInvalid', NO_TOKEN);
  }
  return null;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
