// The index of a store: which fields a search finds. Each service has its own form of the configuration.

/** What a service knows of an index. */
export interface SearchIndex {
  /** As a request set it, and as a request reads it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The fields that words without a name are looked for in. */
  readonly isInFullText: (field: string) => boolean;
  /** The fields that a search can name. */
  readonly isField: (field: string) => boolean;
  /** Logs up to this sequence number are not found: the index is younger. */
  readonly afterSequence: number;
  /** Another number for each change. */
  readonly version: number;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** What a request sets. */
export type IndexChange = Pick<SearchIndex, 'config' | 'isInFullText' | 'isField'>;

/** The characters between two words, in every index that the emulator makes itself. */
export const DELIMITERS = ', \'";=()[]{}?@&<>/:\n\t\r';

/** An index has begun with the store, and finds everything. `all` is the option `index`. */
export function ownIndex(config: SearchIndex['config'], nowMs: number): SearchIndex {
  const isInFullText = () => true;
  const times = { createdMs: nowMs, modifiedMs: nowMs };
  return { config, isInFullText, isField: () => true, afterSequence: 0, version: 0, ...times };
}

/** Creates an index: it finds the logs that arrive from now on. */
export function createdIndex(change: IndexChange, afterSequence: number, nowMs: number): SearchIndex {
  return { ...change, afterSequence, version: 1, createdMs: nowMs, modifiedMs: nowMs };
}

/** Changes an index. The change holds for all of its logs. */
export function modifiedIndex(before: SearchIndex, change: IndexChange, nowMs: number): SearchIndex {
  const { afterSequence, createdMs, version } = before;
  return { ...change, afterSequence, createdMs, version: version + 1, modifiedMs: nowMs };
}
