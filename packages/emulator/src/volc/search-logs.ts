// SearchLogs: searches logs, and returns a page of them in the JSON of the service.

import { type Answer, answerJson, type Refusal } from '../answer.js';
import { readJsonBody } from '../json-body.js';
import type { Ledger, LogEntry } from '../ledger.js';
import { LogScan, toMilliseconds } from '../log-scan.js';
import { parseQuery, QUERY_SUBSET, type QueryNames } from '../query.js';
import type { ApiRequest } from '../request.js';
import { invalidArgument, refuse, refuseBody } from './refusal.js';

const MAX_LIMIT = 1000;
const NAMES: QueryNames = {
  tagPrefix: '__tag__',
  attributes: { __source__: ({ source }) => source, __path__: ({ fileName }) => fileName },
};

export class LogSearch {
  readonly #ledger: Ledger;
  readonly #scan: LogScan;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#scan = new LogScan(ledger);
  }

  answer(request: ApiRequest): Answer | Refusal {
    const body = readJsonBody(request);
    if (body === null) return refuseBody();
    const { TopicId, Query = '*', StartTime, EndTime, Limit = 20, Sort = 'desc', Context = '' } = body;
    if (typeof TopicId !== 'string' || TopicId === '') return invalidArgument('TopicId', String(TopicId ?? ''));
    if (typeof Query !== 'string') return invalidArgument('Query', String(Query));
    if (!isTime(StartTime)) return invalidArgument('StartTime', String(StartTime ?? ''));
    if (!isTime(EndTime) || EndTime < StartTime) return invalidArgument('EndTime', String(EndTime ?? ''));
    if (!isLimit(Limit)) return invalidArgument('Limit', String(Limit));
    if (Sort !== 'asc' && Sort !== 'desc') return invalidArgument('Sort', String(Sort));
    const store = this.#ledger.store('tls', TopicId);
    if (!store) return refuse('TopicNotExist');
    const { index } = store;
    if (index === null) return refuse('IndexNotExists');
    const query = parseQuery(Query, NAMES, index);
    if (query.kind === 'syntax') return invalidArgument('Query', Query, QUERY_SUBSET);
    if (query.kind === 'no index') return invalidArgument('Query', Query, `the field ${query.field} has no index`);

    const newest = this.#ledger.totals().logs;
    const from = readContext(Context, newest);
    if (from === null) return invalidArgument('Context', String(Context));
    // The first page fixes the set of logs, so that later pages do not shift if logs arrive in between.
    const seen = from.seen ?? newest;
    const matches = this.#scan.find({
      store,
      text: `${index.version} ${Query}`,
      fromMs: toMilliseconds(StartTime),
      toMs: toMilliseconds(EndTime),
      test: query.test,
      order: Sort,
      seen,
    });
    const page = matches.slice(from.offset, from.offset + Limit);
    const end = from.offset + page.length;
    return answerJson({
      ResultStatus: 'complete',
      Analysis: false,
      ListOver: end >= matches.length,
      HitCount: matches.length,
      Count: page.length,
      Limit,
      Logs: this.#scan.read(page).map(shown),
      AnalysisResult: null,
      Context: end >= matches.length ? '' : Buffer.from(`${seen}:${end}`).toString('base64url'),
      HighLight: null,
      ElapsedMillisecond: 0,
    });
  }

  /** Drops the matches of the last search. Called after a reset. */
  reset(): void {
    this.#scan.reset();
  }
}

// fromEntries makes own properties, also of `__proto__`. Of duplicate keys it keeps the last one.
function shown(log: LogEntry): Record<string, unknown> {
  return Object.fromEntries<unknown>([
    ...log.contents.map(({ key, value }) => [key, value] as const),
    ...log.tags.map(({ key, value }) => [`__tag__${key}`, value] as const),
    ['__time__', toMilliseconds(log.time)],
    ['__source__', log.source],
    ['__path__', log.fileName],
  ]);
}

function readContext(context: unknown, newest: number): { offset: number; seen?: number } | null {
  if (context === '' || context === null) return { offset: 0 };
  const parts = /^(\d{1,15}):(\d{1,15})$/.exec(Buffer.from(String(context), 'base64url').toString('latin1'));
  if (!parts || Number(parts[1]) > newest) return null;
  return { seen: Number(parts[1]), offset: Number(parts[2]) };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT;
}
