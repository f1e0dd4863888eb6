// GetLogs and GetLogsV2: searches logs, and returns a page of them in the JSON of the service.
//
// SQL is not supported: a query with `|` is refused.

import { type Answer, answerJson, isRefusal, type Refusal } from '../answer.js';
import { readJsonBody } from '../json-body.js';
import type { Ledger, LogEntry, Store } from '../ledger.js';
import { LogScan } from '../log-scan.js';
import { parseQuery, QUERY_SUBSET, type QueryNames } from '../query.js';
import { answerBody, type Reading } from './pull-logs.js';
import { refuse, shown } from './refusal.js';

const MAX_LINES = 100;
const NAMES: QueryNames = {
  tagPrefix: '__tag__:',
  attributes: { __source__: ({ source }) => source, __topic__: ({ topic }) => topic },
};

/** The parameters of a search. They are texts in a query string, and numbers and booleans in the JSON body of V2. */
type Asked = Readonly<Record<string, unknown>>;

export class LogQueries {
  readonly #ledger: Ledger;
  readonly #scan: LogScan;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#scan = new LogScan(ledger);
  }

  getLogs({ request, store }: Reading): Answer | Refusal {
    const logs = this.#find(Object.fromEntries(request.query ?? []), store);
    if (isRefusal(logs)) return logs;
    const answer = answerJson(logs.map(asFields));
    return { ...answer, headers: { ...answer.headers, ...countHeaders(logs) } };
  }

  getLogsV2({ request, store }: Reading): Answer | Refusal {
    const asked = readJsonBody(request);
    if (asked === null) return refuse('ParameterInvalid', 'The body is not a JSON object.');
    const logs = this.#find(asked, store);
    if (isRefusal(logs)) return logs;
    const { headers, body } = answerJson({
      meta: { progress: 'Complete', count: logs.length, hasSQL: false, isAccurate: true },
      data: logs.map(asFields),
    });
    return answerBody(request, body, { ...headers, ...countHeaders(logs) });
  }

  /** Drops the matches of the last search. Called after a reset. */
  reset(): void {
    this.#scan.reset();
  }

  #find(asked: Asked, store: Store): LogEntry[] | Refusal {
    const from = wholeOf(asked['from']);
    const to = wholeOf(asked['to']);
    if (from === null || to === null || from >= to) {
      return refuse('ParameterInvalid', 'from and to are not Unix seconds of which the first is the earlier.');
    }
    const line = wholeOf(asked['line'] ?? MAX_LINES);
    if (line === null || line > MAX_LINES) return refuse('ParameterInvalid', `line is not 0 to ${MAX_LINES}.`);
    const offset = wholeOf(asked['offset'] ?? 0);
    if (offset === null) return refuse('ParameterInvalid', 'offset is not a number.');
    const { query: text = '', topic = '', reverse = false } = asked;
    if (typeof text !== 'string' || typeof topic !== 'string') {
      return refuse('ParameterInvalid', 'query or topic is not a text.');
    }
    if (!['true', 'false'].includes(String(reverse)))
      return refuse('ParameterInvalid', 'reverse is not true or false.');
    const { index } = store;
    if (index === null) return refuse('IndexConfigNotExist');
    const parsed = parseQuery(text, NAMES, index);
    if (parsed.kind === 'syntax')
      return refuse('InvalidQueryString', `The query ${shown(text)} is not taken: ${QUERY_SUBSET}.`);
    if (parsed.kind === 'no index') {
      const advice = 'if symbol : is in your log, please wrap : with quotation mark "';
      return refuse('ParameterInvalid', `key (${parsed.field}) is not config as key value config, ${advice}`);
    }
    const matches = this.#scan.find({
      store,
      text: JSON.stringify([index.version, text, topic]),
      fromMs: from * 1000,
      // The end is exclusive for the service, and inclusive for the scan.
      toMs: to * 1000 - 1,
      test: (log) => (topic === '' || log.topic === topic) && parsed.test(log),
      order: String(reverse) === 'true' ? 'desc' : 'asc',
      seen: this.#ledger.totals().logs,
    });
    return this.#scan.read(matches.slice(offset, offset + line));
  }
}

function countHeaders(logs: readonly LogEntry[]): Record<string, string> {
  return { 'x-log-progress': 'Complete', 'x-log-count': String(logs.length), 'x-log-has-sql': 'false' };
}

// fromEntries makes own properties, also of `__proto__`.
function asFields(log: LogEntry): Record<string, string> {
  return Object.fromEntries([
    ...log.contents.map(({ key, value }) => [key, value] as const),
    ...log.tags.map(({ key, value }) => [`__tag__:${key}`, value] as const),
    ['__topic__', log.topic],
    ['__source__', log.source],
    ['__time__', String(log.time)],
    ...(log.timeNs === null ? [] : [['__time_ns_part__', String(log.timeNs)] as const]),
  ]);
}

function wholeOf(value: unknown): number | null {
  const text = String(value ?? '');
  return /^\d{1,12}$/.test(text) ? Number(text) : null;
}
