// Types of what the transcoder receives: the batch's memory, the target's layout, and the options.

import type { TimeLayout } from '../protobuf/log';
import type { Arena } from './arena';
import type { NameRule } from './field-names';
import type { LevelLabels } from './level';

/** The memory that records are appended to. */
export interface LogSink {
  /** May be another arena after `reserve`. */
  readonly arena: Arena;
  /** The address where the next Log begins. */
  length: number;
  /** Makes room for `extra` bytes behind `length`. */
  reserve(extra: number): void;
}

/** How a service expects a Log. */
export interface LogLayout extends TimeLayout {
  /** The largest encoded Log that the service accepts. */
  readonly maxLogBytes: number;
  readonly names: NameRule;
}

export interface TranscodeOptions {
  readonly timeKeys: readonly string[];
  readonly levelKey: string;
  readonly levels: LevelLabels;
  readonly messageKey: string;
  /** Added to every record, unless it has a field of that name. */
  readonly fields: Readonly<Record<string, string>>;
  /** The names to send, by the names that the application writes. */
  readonly rename: Readonly<Record<string, string>>;
  /** Names that the application writes. For a flattened value it is its path. */
  readonly omit: readonly string[];
  readonly nested: 'json' | 'flatten';
}
