// What a target that signs can ask its service about the topic or Logstore that it writes to.
//
// A question is a request and the reading of its answer; maintenance/look.ts sends it. Writing needs none of them, so a
// key that may only write is a good key.

import type { SignedRequest } from '../http/exchange';

export interface Question<Fact> {
  /** The right that the key needs: `tls:DescribeIndex`, `log:GetIndex`. */
  readonly right: string;
  /** Makes the signed request. @param wallMs the time of the signature */
  request(wallMs: number): SignedRequest;
  /** Reads the body of an answer. @throws if it has another form than the documented one */
  read(body: string): Fact;
}

export interface StoreFacts {
  /** How long logs are kept; undefined if the service does not say it. 3650 means that they are never deleted. */
  readonly retentionDays: number | undefined;
}

export interface ShardFacts {
  /** Shards that accept logs. */
  readonly writable: number;
  /** Shards that are only read, because they were split or merged. */
  readonly readOnly: number;
}

/** What a search finds. */
export interface IndexFacts {
  readonly fullText: FullText;
  /** The fields that a search can name: `level:error`. */
  readonly fields: readonly string[];
}

/** In which fields a search finds a word. */
export type FullText =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'only'; readonly fields: readonly string[] }
  | { readonly kind: 'all except'; readonly fields: readonly string[] };

/** How a search finds a field. */
export type Coverage = 'field' | 'words' | 'none';

export function coverageOf(field: string, { fullText, fields }: IndexFacts): Coverage {
  if (fields.includes(field)) return 'field';
  return isInFullText(field, fullText) ? 'words' : 'none';
}

function isInFullText(field: string, fullText: FullText): boolean {
  switch (fullText.kind) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'only':
      return fullText.fields.includes(field);
    case 'all except':
      return !fullText.fields.includes(field);
  }
}

export interface Search {
  readonly query: string;
  /** In milliseconds since 1970, both included. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A field of a new index. Its values can be counted by SQL. */
export interface NewField {
  readonly type: 'text' | 'long';
  /** A search finds the words of a value, and not only the whole value. */
  readonly isSplit: boolean;
}

/** The characters between two words in a new index. */
export const DELIMITERS = ', \'";=()[]{}?@&<>/:\n\t\r';

export interface Look {
  /** The service's word for what it writes to. */
  readonly noun: 'topic' | 'Logstore';
  /** Whether a refusal means that the key has not the right. */
  isNotAllowed(code: string): boolean;
  /** The code of an answer that there is no index. */
  readonly noIndexCode: string;
  /** The code of an answer that there already is one. */
  readonly indexExistsCode: string;
  store(): Question<StoreFacts>;
  index(): Question<IndexFacts>;
  shards(): Question<ShardFacts>;
  /** Returns how many logs are found, at most 1. */
  search(search: Search): Question<number>;
  /** Creates an index of the full text and of these fields. */
  createIndex(fields: Readonly<Record<string, NewField>>): Question<void>;
}

/** @throws if it is another value */
export function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** @throws if it is another value */
export function listIn(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no JSON list');
  return value;
}

/** @throws if it is another value */
export function namesIn(value: unknown): readonly string[] {
  return listIn(value).map(String);
}

export function daysIn(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
