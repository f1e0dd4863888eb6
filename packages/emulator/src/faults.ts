// The fault script of a running emulator: which rule decides a request, and how often each rule matched and fired.
//
// server.ts carries the rule out.

import type { Refusal } from './answer.js';
import type { FaultMatch, FaultRule } from './fault-rule.js';
import type { LogGroup } from './log-group.js';
import type { RequestHead } from './request.js';
import type { Destination, RefusalCatalogue } from './vendor.js';

/** A rule of the script, and how often it matched and fired. */
export interface FaultReport {
  readonly rule: FaultRule;
  /** Requests that its `match` matched, without regard to `nth` and `skip`. */
  readonly matched: number;
  /** Requests that it applied to. */
  readonly fired: number;
}

type Peek = () => readonly LogGroup[] | null;

interface State {
  readonly rule: FaultRule;
  matched: number;
  fired: number;
}

export class FaultScript {
  #states: State[] = [];

  /** Replaces the script. Every count starts at 0. */
  replace(rules: readonly FaultRule[]): void {
    this.#states = rules.map((rule) => ({ rule, matched: 0, fired: 0 }));
  }

  report(): FaultReport[] {
    return this.#states.map((state) => ({ ...state }));
  }

  /**
   * After how many bytes of its body the connection of this request is reset, or `null`. Called before the body is
   * read, so an earlier rule that looks at the body cannot prevent a reset, but any other earlier rule can.
   */
  resetAfterBytes(head: RequestHead, destination: Destination): number | null {
    for (const state of this.#states) {
      const { rule } = state;
      if (needsBody(rule) || !fitsHead(rule.match, head, destination)) continue;
      if (rule.resetAfterBytes === undefined) {
        if (isDue(state, state.matched + 1)) return null;
      } else if (fire(state)) {
        return rule.resetAfterBytes;
      }
    }
    return null;
  }

  /** The rule that applies to a request whose body was read. `peek` decodes the body, and is called at most once. */
  decide(head: RequestHead, destination: Destination, bodyBytes: number, peek: Peek): FaultRule | null {
    let peeked: ReturnType<Peek> | undefined;
    for (const state of this.#states) {
      const { rule } = state;
      if (rule.resetAfterBytes !== undefined || !fitsHead(rule.match, head, destination)) continue;
      if (rule.maxRequestBytes !== undefined && bodyBytes <= rule.maxRequestBytes) continue;
      if (rule.maxLogs !== undefined || rule.match?.contains !== undefined) {
        if (peeked === undefined) peeked = peek();
        if (!fitsLogs(rule, peeked)) continue;
      }
      if (fire(state)) return rule;
    }
    return null;
  }
}

/** The scripted answer of a rule, or `null` if it has none. It is a refusal even if its status is a success. */
export function madeUpAnswer(rule: FaultRule, catalogue: RefusalCatalogue): Refusal | null {
  const limit =
    rule.maxLogs !== undefined
      ? catalogue.tooManyLogs
      : rule.maxRequestBytes !== undefined
        ? catalogue.bodyTooLarge
        : undefined;
  const code = rule.code ?? limit ?? (rule.status === undefined ? undefined : catalogue.codeFor(rule.status));
  if (code === undefined) return null;
  const known = catalogue.describe(code);
  return { refused: true, status: rule.status ?? known.status, code, message: rule.message ?? known.message };
}

function fire(state: State): boolean {
  state.matched++;
  if (!isDue(state, state.matched)) return false;
  state.fired++;
  return true;
}

function isDue({ rule, fired }: State, turn: number): boolean {
  const { nth, skip = 0 } = rule.match ?? {};
  return fired < (rule.times ?? Number.POSITIVE_INFINITY) && turn > skip && (nth === undefined || turn === nth);
}

function needsBody({ match, maxLogs, maxRequestBytes }: FaultRule): boolean {
  return match?.contains !== undefined || maxLogs !== undefined || maxRequestBytes !== undefined;
}

function fitsHead(match: FaultMatch | undefined, head: RequestHead, destination: Destination): boolean {
  if (!match) return true;
  const { path, method, project, logstore, topicId, hashKey } = match;
  return (
    (path === undefined || head.path === (path.startsWith('/') ? path : `/${path}`)) &&
    (method === undefined || head.method === method.toUpperCase()) &&
    (project === undefined || destination.project === project) &&
    (logstore === undefined || destination.logstore === logstore) &&
    (topicId === undefined || destination.topicId === topicId) &&
    (hashKey === undefined || destination.hashKey.toLowerCase() === hashKey.toLowerCase())
  );
}

function fitsLogs(rule: FaultRule, groups: readonly LogGroup[] | null): boolean {
  if (groups === null) return false;
  const logCount = groups.reduce((sum, group) => sum + group.logs.length, 0);
  if (rule.maxLogs !== undefined && logCount <= rule.maxLogs) return false;
  const wanted = rule.match?.contains;
  return (
    wanted === undefined ||
    groups.some(({ logs }) => logs.some(({ contents }) => contents.some(({ value }) => value.includes(wanted))))
  );
}
