// What the transcoder is told: where to, in which form, and what the options make of fields.
// Types only: a target gives the layout, the batch the memory, the schema the options.

import type { TimeLayout } from '../protobuf/log';
import type { Arena } from './arena';
import type { KeyRule } from './field-names';
import type { LevelLabels } from './level';

/** The memory a record is appended to. `arena` may be another one after `reserve`. */
export interface LogSink {
  readonly arena: Arena;
  /** An address in it: where the next Log begins. */
  length: number;
  /** Makes room for `extra` more bytes behind `length`. */
  reserve(extra: number): void;
}

/** How a target's service wants a Log. */
export interface LogLayout extends TimeLayout {
  /** The largest Log the service takes, in bytes of its encoding. */
  readonly maxLogBytes: number;
  readonly keys: KeyRule;
}

export interface TranscodeOptions {
  readonly timeKeys: readonly string[];
  readonly levelKey: string;
  readonly levels: LevelLabels;
  readonly messageKey: string;
  /** Put on every record. */
  readonly fields: Readonly<Record<string, string>>;
  /** Names as the application has them, and what they go out as. */
  readonly rename: Readonly<Record<string, string>>;
  /** Names as the application has them; flattened, with their path. */
  readonly omit: readonly string[];
  readonly nested: 'json' | 'flatten';
}
