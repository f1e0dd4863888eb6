// CreateIndex, DescribeIndex and ModifyIndex of TLS: the form of an index, and its check.
//
// A field of the request that is not known is refused, because a mistyped one would make an index of other fields.

import { type Answer, answerJson, isRefusal, type Refusal } from '../answer.js';
import { readJsonBody } from '../json-body.js';
import type { Ledger, Store } from '../ledger.js';
import { type ApiRequest, header, parameter } from '../request.js';
import {
  createdIndex,
  DELIMITERS,
  type IndexChange,
  modifiedIndex,
  ownIndex,
  type SearchIndex,
} from '../search-index.js';
import { invalidArgument, refuse, refuseBody } from './refusal.js';

type Fields = Readonly<Record<string, unknown>>;

const MAX_DELIMITERS = 256;
const DELIMITER = /^[!@#%^&*()\-_="', <>/?|;:\n\t\r[\]{}.\\]*$/;
const KEY = /^[A-Za-z0-9\-./][\w\-./]{0,127}$/;
/** The keys of UserInnerKeyValue: `__content__` and others that the service fills. */
const INNER_KEY = /^__\w{1,124}__$/;
const VALUE_TYPES = ['text', 'long', 'double', 'json'];

/** The index that a new topic has by the option `index: 'all'`. */
export function tlsOwnIndex(nowMs: number): SearchIndex {
  const text = { ValueType: 'text', CaseSensitive: false, IncludeChinese: false };
  const config = {
    FullText: { Delimiter: DELIMITERS, CaseSensitive: false, IncludeChinese: false },
    KeyValue: [
      { Key: 'level', Value: { ...text, Delimiter: '', SqlFlag: true } },
      { Key: 'message', Value: { ...text, Delimiter: DELIMITERS, SqlFlag: false } },
    ],
    UserInnerKeyValue: [],
  };
  return ownIndex(config, nowMs);
}

export function createIndex(request: ApiRequest, ledger: Ledger, nowMs: number): Answer | Refusal {
  const asked = read(request, ledger);
  if (isRefusal(asked)) return asked;
  const { store, topicId, change } = asked;
  if (store.index !== null) return refuse('IndexAlreadyExist');
  store.index = createdIndex(change, ledger.totals().logs, nowMs);
  return answerJson({ TopicId: topicId });
}

export function modifyIndex(request: ApiRequest, ledger: Ledger, nowMs: number): Answer | Refusal {
  const asked = read(request, ledger);
  if (isRefusal(asked)) return asked;
  const { store, change } = asked;
  if (store.index === null) return refuse('IndexNotExists');
  store.index = modifiedIndex(store.index, change, nowMs);
  return answerJson({});
}

export function describeIndex(request: ApiRequest, ledger: Ledger): Answer | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const store = ledger.store('tls', topicId);
  if (!store) return refuse('TopicNotExist');
  if (store.index === null) return refuse('IndexNotExists');
  const { config, createdMs, modifiedMs } = store.index;
  return answerJson({
    TopicId: topicId,
    ...config,
    CreateTime: shownTime(createdMs),
    ModifyTime: shownTime(modifiedMs),
    EnableAutoIndex: false,
    MaxTextLen: 2048,
  });
}

/** `2021-08-19 11:41:29`, in UTC. */
export function shownTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

interface Asked {
  readonly topicId: string;
  readonly store: Store;
  readonly change: IndexChange;
}

function read(request: ApiRequest, ledger: Ledger): Asked | Refusal {
  const contentType = header(request, 'content-type') ?? '';
  if (!/^application\/json\b/i.test(contentType)) return invalidArgument('Content-Type', contentType);
  const body = readJsonBody(request);
  if (body === null) return refuseBody();
  const { TopicId, FullText = null, KeyValue, UserInnerKeyValue, ...others } = body;
  if (typeof TopicId !== 'string' || TopicId === '') return invalidArgument('TopicId', String(TopicId ?? ''));
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return wrong(`${unknown} is not known`);
  const [keys, innerKeys] = [KeyValue ?? [], UserInnerKeyValue ?? []];
  const problem =
    (FullText === null ? null : fullTextProblem(FullText)) ??
    keysProblem(keys, 'KeyValue', KEY) ??
    keysProblem(innerKeys, 'UserInnerKeyValue', INNER_KEY);
  if (problem !== null) return problem;
  const names = [keys, innerKeys].flatMap((list) =>
    (list as readonly { readonly Key: string }[]).map(({ Key }) => Key),
  );
  if (FullText === null && names.length === 0) return wrong('one of FullText and KeyValue must be set');
  const store = ledger.store('tls', TopicId);
  if (!store) return refuse('TopicNotExist');
  const fields = new Set(names);
  const change: IndexChange = {
    config: { FullText, KeyValue: keys, UserInnerKeyValue: innerKeys },
    isInFullText: () => FullText !== null,
    isField: (field) => fields.has(field),
  };
  return { topicId: TopicId, store, change };
}

function fullTextProblem(given: unknown): Refusal | null {
  if (!isObject(given)) return wrong('FullText is not an object');
  const { Delimiter, CaseSensitive, IncludeChinese = false, ...others } = given;
  if (Object.keys(others).length > 0) return wrong(`FullText.${Object.keys(others)[0]} is not known`);
  if (typeof CaseSensitive !== 'boolean' || typeof IncludeChinese !== 'boolean')
    return wrong('FullText.CaseSensitive and IncludeChinese are true or false');
  if (!isDelimiter(Delimiter) || (Delimiter === '' && !IncludeChinese)) return wrong('FullText.Delimiter is invalid');
  return Delimiter !== '' && IncludeChinese ? refuse('DelimiterChineseConflict') : null;
}

function keysProblem(list: unknown, at: string, form: RegExp): Refusal | null {
  if (!Array.isArray(list)) return wrong(`${at} is not a list`);
  const seen = new Set<string>();
  for (const item of list as readonly unknown[]) {
    if (!isObject(item)) return wrong(`${at} has an entry that is not an object`);
    const { Key, Value } = item;
    if (typeof Key !== 'string' || !form.test(Key))
      return wrong(`${at} has an invalid Key ${String(Key).slice(0, 128)}`);
    if (seen.has(Key)) return refuse('IndexKeyDuplicate', `The key ${Key} is in the index twice.`);
    seen.add(Key);
    const problem = valueProblem(Value, `${at}.${Key}`);
    if (problem !== null) return problem;
  }
  return null;
}

function valueProblem(given: unknown, at: string): Refusal | null {
  if (!isObject(given)) return refuse('IndexKVNULL', `${at} has no Value.`);
  const {
    ValueType,
    Delimiter = '',
    CaseSensitive = false,
    IncludeChinese = false,
    SqlFlag = false,
    ...others
  } = given;
  const { JsonKeys, IndexAll, AutoIndexFlag, ...rest } = others;
  if (Object.keys(rest).length > 0) return wrong(`${at}.${Object.keys(rest)[0]} is not known`);
  if (!VALUE_TYPES.includes(String(ValueType))) return wrong(`${at}.ValueType is none of ${VALUE_TYPES.join(', ')}`);
  const flags = [CaseSensitive, IncludeChinese, SqlFlag, IndexAll ?? false, AutoIndexFlag ?? false];
  if (flags.some((flag) => typeof flag !== 'boolean')) return wrong(`${at} has a switch that is not true or false`);
  if (!isDelimiter(Delimiter)) return wrong(`${at}.Delimiter is invalid`);
  if ((JsonKeys !== undefined || IndexAll !== undefined) && ValueType !== 'json')
    return wrong(`${at} has JsonKeys or IndexAll, and is not of the type json`);
  const isNumber = ValueType === 'long' || ValueType === 'double';
  if (isNumber && (Delimiter !== '' || IncludeChinese || CaseSensitive))
    return wrong(`${at} is a number, so it has no Delimiter, IncludeChinese or CaseSensitive`);
  if (Delimiter !== '' && IncludeChinese) return refuse('DelimiterChineseConflict');
  return SqlFlag && ValueType === 'text' && (Delimiter !== '' || IncludeChinese) ? refuse('SQLFlagConflict') : null;
}

function isDelimiter(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_DELIMITERS && DELIMITER.test(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(why: string): Refusal {
  return refuse('InvalidIndexArgument', `Invalid index argument: ${why}.`);
}
