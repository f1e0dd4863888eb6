// Creates an index for what the transports send, if the topic or Logstore has none. An index that exists is not
// changed: a change replaces all of it, and it may be a person's work.

import type { Options } from '../options/schema';
import { coverageOf } from '../targets/look';
import { type Looking, lookWith } from './look';
import { sentNames } from './probe';

/** What became of it, with one or two sentences for a person. */
export interface IndexCreation {
  readonly kind: 'created' | 'exists' | 'not allowed' | 'no key' | 'failed';
  readonly text: string;
}

export async function createIndex(options: Options): Promise<IndexCreation> {
  const looking = lookWith(options);
  if (looking === undefined) {
    return { kind: 'no key', text: 'Web tracking has no key to create an index with: create it in the console.' };
  }
  try {
    return await create(looking, options);
  } finally {
    await looking.close();
  }
}

async function create(looking: Looking, options: Options): Promise<IndexCreation> {
  const { noun } = looking;
  const created = await looking.createIndex();
  switch (created.kind) {
    case 'not allowed': {
      const why = `The key is not allowed to create an index: it does not have the right ${created.right}.`;
      return { kind: created.kind, text: `${why} Create the index in the console, or with another key.` };
    }
    case 'failed': {
      const { code, message } = created.refusal;
      return { kind: created.kind, text: `The index was not created: ${code}: ${message}` };
    }
    case 'answered': {
      const { isNew, fields } = created.fact;
      if (!isNew) return { kind: 'exists', text: await existing(looking, options) };
      const text = `The ${noun} has a new index: full text, and the fields ${fields.join(', ')}.`;
      return { kind: 'created', text: `${text} It covers the records that arrive from now on.` };
    }
  }
}

async function existing(looking: Looking, options: Options): Promise<string> {
  const text = `The ${looking.noun} already has an index, which was not changed.`;
  const index = await looking.index();
  if (index.kind !== 'answered' || index.fact === undefined) return text;
  const { fact } = index;
  const { level, message } = sentNames(options);
  const missing = [level, message].filter((name) => coverageOf(name, fact) === 'none');
  return missing.length === 0 ? text : `${text} It does not cover ${missing.join(' and ')}: add them in the console.`;
}
