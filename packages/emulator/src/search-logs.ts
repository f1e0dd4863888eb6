// Takes: a SearchLogs request whose signature holds. Gives: the page of logs it asks for, in the service's JSON shape.
// Keeps: the matches of the last search, so that its next pages need no second scan. Never: an index: every log is
// searched as if each field had one.
import { type Answer, answerJson, invalidArgument, isRefusal, type Refusal, refuse } from './answer.js';
import { readJsonBody } from './json-body.js';
import type { Ledger, LogEntry } from './ledger.js';
import { parseQuery } from './query.js';
import type { ApiRequest } from './request.js';

const MAX_LIMIT = 1000;
// Below 1e10 a time is in seconds: the rule of every official SDK.
const SECONDS_BELOW = 1e10;

interface Match {
  readonly sequence: number;
  readonly timeMs: number;
  readonly timeNs: number;
}

interface Search {
  readonly question: string;
  readonly matches: readonly Match[];
}

export class LogSearch {
  readonly #ledger: Ledger;
  #last: Search | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  answer(request: ApiRequest): Answer | Refusal {
    const body = readJsonBody(request);
    if (isRefusal(body)) return body;
    const { TopicId, Query = '*', StartTime, EndTime, Limit = 20, Sort = 'desc', Context = '' } = body;
    if (typeof TopicId !== 'string' || TopicId === '') return invalidArgument('TopicId', String(TopicId ?? ''));
    if (typeof Query !== 'string') return invalidArgument('Query', String(Query));
    if (!isTime(StartTime)) return invalidArgument('StartTime', String(StartTime ?? ''));
    if (!isTime(EndTime) || EndTime < StartTime) return invalidArgument('EndTime', String(EndTime ?? ''));
    if (!isLimit(Limit)) return invalidArgument('Limit', String(Limit));
    if (Sort !== 'asc' && Sort !== 'desc') return invalidArgument('Sort', String(Sort));
    if (!this.#ledger.topic(TopicId)) return refuse('TopicNotExist');
    const test = parseQuery(Query);
    if (isRefusal(test)) return test;

    const newest = this.#ledger.totals().logs;
    const from = readContext(Context, newest);
    if (from === null) return invalidArgument('Context', String(Context));
    // A first page freezes what there is to see; its next pages must not shift when logs arrive in between.
    const seen = from.seen ?? newest;
    const question = JSON.stringify([TopicId, Query, StartTime, EndTime, Sort, seen]);
    if (this.#last?.question !== question) {
      const matches = this.#scan(TopicId, [toMs(StartTime), toMs(EndTime)], test, seen);
      this.#last = { question, matches: Sort === 'asc' ? matches : matches.reverse() };
    }
    const { matches } = this.#last;
    const page = matches.slice(from.offset, from.offset + Limit);
    const end = from.offset + page.length;
    return answerJson({
      ResultStatus: 'complete',
      Analysis: false,
      ListOver: end >= matches.length,
      HitCount: matches.length,
      Count: page.length,
      Limit,
      Logs: this.#read(page),
      AnalysisResult: null,
      Context: end >= matches.length ? '' : Buffer.from(`${seen}:${end}`).toString('base64url'),
      HighLight: null,
      ElapsedMillisecond: 0,
    });
  }

  /** Forgets the last search: after a reset the same question has another answer. */
  reset(): void {
    this.#last = null;
  }

  #read(page: readonly Match[]): Record<string, unknown>[] {
    const bySequence = page.map(({ sequence }) => sequence).sort((one, other) => one - other);
    const read = new Map(bySequence.map((sequence) => [sequence, shown(this.#ledger.entryAt(sequence))]));
    return page.map(({ sequence }) => read.get(sequence)!);
  }

  #scan(topicId: string, [startMs, endMs]: [number, number], test: (log: LogEntry) => boolean, seen: number): Match[] {
    const matches: Match[] = [];
    for (const log of this.#ledger.entries(0, topicId)) {
      if (log.sequence > seen) break;
      const timeMs = toMs(log.time);
      if (timeMs < startMs || timeMs > endMs || !test(log)) continue;
      matches.push({ sequence: log.sequence, timeMs, timeNs: log.timeNs ?? 0 });
    }
    return matches.sort(
      (one, other) => one.timeMs - other.timeMs || one.timeNs - other.timeNs || one.sequence - other.sequence,
    );
  }
}

// fromEntries makes own properties whatever the key is called, and of duplicates the last stays.
function shown(log: LogEntry): Record<string, unknown> {
  return Object.fromEntries<unknown>([
    ...log.contents.map(({ key, value }) => [key, value] as const),
    ...log.tags.map(({ key, value }) => [`__tag__${key}`, value] as const),
    ['__time__', toMs(log.time)],
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

function toMs(time: number): number {
  return time < SECONDS_BELOW ? time * 1000 : time;
}
