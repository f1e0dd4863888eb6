// The steps of putlogs doctor that ask the service about the topic or Logstore: does it exist, how long does it keep
// logs, how many shards has it, what does its index cover, and does a search find the test record.
//
// A key that may only write is a good key, so "not allowed" is no problem. If the test record has arrived, an answer
// that is not expected is no problem either.

import { setTimeout as pause } from 'node:timers/promises';
import {
  type Coverage,
  coverageOf,
  type IndexFacts,
  type Looked,
  type Looking,
  lookWith,
  type Options,
  placeOf,
  sentNames,
} from '@putlogs/core/tools';
import { adviceFor } from './advice';
import { shownRefusal } from './refusal';
import { leftOut, ok, type Step, wrong } from './step';
import { counted, shownSeconds } from './table';

/** The test record. */
export interface Sent {
  /** One word that no other record has. */
  readonly id: string;
  /** The time before it was sent. */
  readonly atMs: number;
  readonly isSent: boolean;
}

const MESSAGE = 'a test record of putlogs doctor';

export function testMessage(id: string): string {
  return `${MESSAGE}, ${id}`;
}

/** The services use this number of days for logs that they never delete. */
const FOREVER_DAYS = 3650;
/** Between two searches. Both services refuse more than a few in a second. */
const SEARCH_INTERVAL_MS = 500;
/** How far the time of the test record may be from the time when it was made. */
const SEARCH_WINDOW_MS = 60_000;

export async function* lookSteps(
  options: Options,
  sent: Sent,
  searchMs: number,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const looking = lookWith(options);
  if (looking === undefined) {
    yield leftOut(
      'destination',
      'not checked: web tracking has no key to look with; see index, shards and retention in the console',
    );
    return;
  }
  try {
    yield* ask(new Steps(looking, options, sent), searchMs, signal);
  } finally {
    await looking.close();
  }
}

async function* ask(steps: Steps, searchMs: number, signal: AbortSignal): AsyncGenerator<Step> {
  const destination = await steps.destination();
  yield destination;
  if (destination.state === 'wrong') return;
  yield await steps.shards();
  const { step, index } = await steps.index();
  yield step;
  if (step.state === 'wrong') yield leftOut('search', 'not searched, because the step index failed');
  else yield await steps.search(index, searchMs, signal);
}

class Steps {
  readonly #looking: Looking;
  readonly #options: Options;
  readonly #sent: Sent;

  constructor(looking: Looking, options: Options, sent: Sent) {
    this.#looking = looking;
    this.#options = options;
    this.#sent = sent;
  }

  async destination(): Promise<Step> {
    const looked = await this.#looking.store();
    if (looked.kind !== 'answered') return this.#unanswered('destination', looked);
    const { retentionDays } = looked.fact;
    const details = { retentionDays: retentionDays ?? null };
    return ok('destination', `the ${this.#looking.noun} exists${keeps(retentionDays)}`, details);
  }

  async shards(): Promise<Step> {
    const looked = await this.#looking.shards();
    if (looked.kind !== 'answered') return this.#unanswered('shards', looked);
    const { writable, readOnly } = looked.fact;
    const rest = readOnly === 0 ? '' : `; ${counted(readOnly, 'shard is', 'shards are')} only read`;
    return ok('shards', `${counted(writable, 'shard accepts', 'shards accept')} logs${rest}`, looked.fact);
  }

  async index(): Promise<{ readonly step: Step; readonly index: IndexFacts | undefined }> {
    const looked = await this.#looking.index();
    if (looked.kind !== 'answered') return { step: this.#unanswered('index', looked), index: undefined };
    return { step: looked.fact === undefined ? this.#noIndex() : this.#coverage(looked.fact), index: looked.fact };
  }

  async search(index: IndexFacts | undefined, searchMs: number, signal: AbortSignal): Promise<Step> {
    const { id, atMs, isSent } = this.#sent;
    if (!isSent) return leftOut('search', 'not searched, because no record was sent');
    if (searchMs === 0) return leftOut('search', 'not searched, because of --search-seconds 0');
    const query = this.#query(index, id);
    const beganMs = performance.now();
    const [fromMs, toMs] = [atMs - SEARCH_WINDOW_MS, atMs + SEARCH_WINDOW_MS];
    for (;;) {
      const looked = await this.#looking.search({ query, fromMs, toMs });
      const afterMs = Math.round(performance.now() - beganMs);
      if (looked.kind === 'answered' && looked.fact)
        return ok('search', `finds the test record after ${shownSeconds(afterMs)}`, { found: true, afterMs });
      if (looked.kind !== 'answered' && !isPassing(looked)) return this.#unanswered('search', looked);
      if (afterMs >= searchMs || signal.aborted)
        return looked.kind === 'answered' ? this.#notFound(afterMs) : this.#unanswered('search', looked);
      await pause(Math.min(SEARCH_INTERVAL_MS, searchMs - afterMs), undefined, { signal }).catch(() => {});
    }
  }

  /** Full text finds a word in any field. Without it, the message must be named. */
  #query(index: IndexFacts | undefined, id: string): string {
    const { message } = sentNames(this.#options);
    const isWord = index === undefined || coverageOf(message, { ...index, fields: [] }) === 'words';
    return isWord ? id : `${message}:"${testMessage(id)}"`;
  }

  #coverage(index: IndexFacts): Step {
    const names = sentNames(this.#options);
    const level = coverageOf(names.level, index);
    const message = coverageOf(names.message, index);
    const details = { ...index, level, message };
    const missing = [...(message === 'none' ? [names.message] : []), ...(level === 'none' ? [names.level] : [])];
    if (missing.length === 0) return ok('index', covered(names, { level, message }), details);
    const fields = missing.join(' and ');
    const advice = `Records arrive, but a search does not find their ${fields}. Add ${fields} to the index of the ${this.#looking.noun}, or switch on its full text.`;
    return wrong('index', `does not cover ${fields}`, { text: advice, page: 'index' }, details);
  }

  #noIndex(): Step {
    const { noun } = this.#looking;
    const { level, message } = sentNames(this.#options);
    const advice = `Records arrive, but no search finds them. Create an index of the ${noun} by putlogs init --create-index, or in the console: full text, and the fields ${level} and ${message}. It covers only records that arrive afterwards.`;
    return wrong('index', `the ${noun} has no index`, { text: advice, page: 'index' }, { fullText: null });
  }

  #notFound(afterMs: number): Step {
    const advice =
      'The test record arrived, but a search does not find it yet. An index that was changed a minute ago needs time: try again, or with a larger --search-seconds. Check in the console that the index is switched on.';
    const text = `does not find the test record within ${shownSeconds(afterMs)}`;
    return wrong('search', text, { text: advice, page: 'search' }, { found: false, afterMs });
  }

  #unanswered(name: string, looked: Exclude<Looked<unknown>, { kind: 'answered' }>): Step {
    if (looked.kind === 'not allowed')
      return leftOut(name, `not allowed to look: the key does not have the right ${looked.right}`);
    const { refusal } = looked;
    if (this.#sent.isSent) return leftOut(name, `not checked: ${shownRefusal(refusal)}`);
    const advice = adviceFor(refusal.code, this.#options, placeOf(this.#options).isProxied);
    return wrong(name, shownRefusal(refusal), advice);
  }
}

function isPassing(looked: Looked<unknown>): boolean {
  return looked.kind === 'failed' && looked.passes;
}

function keeps(days: number | undefined): string {
  if (days === undefined) return '';
  return days >= FOREVER_DAYS ? ', and never deletes logs' : `, and keeps logs for ${counted(days, 'day')}`;
}

function covered(
  names: { readonly level: string; readonly message: string },
  how: { readonly level: Coverage; readonly message: Coverage },
): string {
  const asFields = [names.level, names.message].filter(
    (name) => how[name === names.level ? 'level' : 'message'] === 'field',
  );
  const byWord = [names.level, names.message].filter((name) => !asFields.includes(name));
  const parts = [
    ...(asFields.length === 0 ? [] : [`covers ${asFields.join(' and ')} as fields`]),
    ...(byWord.length === 0 ? [] : [`covers ${byWord.join(' and ')} by words only`]),
  ];
  const hint = byWord.includes(names.level)
    ? `; add the field ${names.level} for searches such as ${names.level}:error`
    : '';
  return `${parts.join(', ')}${hint}; the time needs no index`;
}
