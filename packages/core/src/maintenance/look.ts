// Asks the service about the topic or Logstore that the options name: does it exist, what does a search find, how many
// shards has it, how long is it kept. Nothing is written, except an index that is asked for.
//
// Requests take the path of a batch: the same credentials, signature, connections and correction of the clock.

import type { Options } from '../options/schema';
import { TARGETS } from '../options/target-facts';
import { loadLook } from '../targets/load';
import type { IndexFacts, Look, Question, Search, ShardFacts, StoreFacts } from '../targets/look';
import type { Refusal } from '../targets/outcome';
import { sampleFields } from './sample-fields';
import { openSingleRequests } from './single-requests';

/** What became of a question. */
export type Looked<Fact> =
  | { readonly kind: 'answered'; readonly fact: Fact }
  /** The key has no right to ask it. */
  | { readonly kind: 'not allowed'; readonly right: string }
  | {
      readonly kind: 'failed';
      readonly refusal: Refusal;
      /** The failure may pass by itself. */
      readonly passes: boolean;
    };

export interface Looking {
  readonly noun: Look['noun'];
  store(): Promise<Looked<StoreFacts>>;
  /** The fact is undefined if there is no index. */
  index(): Promise<Looked<IndexFacts | undefined>>;
  shards(): Promise<Looked<ShardFacts>>;
  /** The fact is whether a log is found. */
  search(search: Search): Promise<Looked<boolean>>;
  /** Creates an index for what the transports send. The fact is whether there was none before. */
  createIndex(): Promise<Looked<{ readonly isNew: boolean; readonly fields: readonly string[] }>>;
  close(): Promise<void>;
}

/** An index may have hundreds of fields, and a log may have 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Returns undefined for web tracking: without a key, the service answers no question. */
export function lookWith(options: Options): Looking | undefined {
  if (!TARGETS[options.target].isSigned) return undefined;
  let whyNoKey: string | undefined;
  const onNoKey = (reason: string) => {
    whyNoKey = reason;
  };
  const requests = openSingleRequests(options, { onNoKey, onClockOff: () => {} }, MAX_ANSWER_BYTES);
  const { target, credentials, sender } = requests;
  const look = loadLook(options, () => credentials.current);
  const ask = async <Fact>(question: Question<Fact>): Promise<Looked<Fact>> => {
    const { outcome, body } = await sender.ask((wallMs) => question.request(wallMs), new AbortController().signal);
    if (outcome.kind === 'delivered') return readAnswer(question, body);
    // Without credentials nothing was sent, and their source says why there are none.
    const message = outcome.refusal.code === 'NO_CREDENTIALS' ? whyNoKey : undefined;
    const refusal = { ...outcome.refusal, message: message ?? outcome.refusal.message };
    if (look.isNotAllowed(refusal.code)) return { kind: 'not allowed', right: question.right };
    return { kind: 'failed', refusal, passes: outcome.kind === 'retry' };
  };
  const instead = <Fact, Other>(looked: Looked<Fact>, code: string, fact: Other): Looked<Fact | Other> =>
    looked.kind === 'failed' && looked.refusal.code === code ? { kind: 'answered', fact } : looked;
  return {
    noun: look.noun,
    store: () => ask(look.store()),
    index: async () => instead(await ask(look.index()), look.noIndexCode, undefined),
    shards: () => ask(look.shards()),
    search: async (search) => mapped(await ask(look.search(search)), (count) => count > 0),
    createIndex: async () => {
      const fields = sampleFields(options, target);
      const names = Object.keys(fields);
      const created = mapped(await ask(look.createIndex(fields)), () => ({ isNew: true, fields: names }));
      return instead(created, look.indexExistsCode, { isNew: false, fields: names });
    },
    close: () => requests.close(),
  };
}

function readAnswer<Fact>(question: Question<Fact>, body: string): Looked<Fact> {
  try {
    return { kind: 'answered', fact: question.read(body) };
  } catch (error) {
    const message = `the answer to ${question.right} cannot be read: ${(error as Error).message}`;
    return { kind: 'failed', refusal: { code: 'ANSWER_UNREADABLE', message }, passes: false };
  }
}

function mapped<Fact, Other>(looked: Looked<Fact>, change: (fact: Fact) => Other): Looked<Other> {
  return looked.kind === 'answered' ? { kind: 'answered', fact: change(looked.fact) } : looked;
}
