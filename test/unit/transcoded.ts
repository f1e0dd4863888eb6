// Support for tests of the transcoder: encodes lines, and reads the Logs back with protobufjs.
//
// Lines are encoded twice, with WebAssembly and without it. Both must write the same bytes.

import assert from 'node:assert/strict';
import { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import { type NewArena, newArena, plainArena } from '@putlogs/core/internal/record/arena';
import type { NameRule } from '@putlogs/core/internal/record/field-names';
import { levelLabels } from '@putlogs/core/internal/record/level';
import { Transcoder } from '@putlogs/core/internal/record/transcode';
import type { TranscodeOptions } from '@putlogs/core/internal/record/types';
import { type Clock, systemClock } from '@putlogs/core/internal/runtime/clock';
import { VOLC_LAYOUT } from '@putlogs/core/internal/targets/tls/put-logs';
import { VOLC_SCHEMA } from '@putlogs/core/internal/targets/tls/schema';
import { type INamespace, Root } from 'protobufjs';

export const root = Root.fromJSON(structuredClone(VOLC_SCHEMA) as unknown as INamespace);
const LogGroup = root.lookupType('LogGroup');

export interface Log {
  Time: number;
  TimeNs?: number;
  Contents: { Key: string; Value: string }[];
}

/** The arrival time of every line in these tests. */
export const ARRIVAL_MS = 1_763_800_000_123;

export const stoppedClock: Clock = { ...systemClock, wallMs: () => ARRIVAL_MS };

/** The defaults of the options. */
export const DEFAULTS: TranscodeOptions = {
  timeKeys: ['time'],
  levelKey: 'level',
  levels: levelLabels({}),
  messageKey: 'message',
  fields: {},
  rename: {},
  omit: [],
  nested: 'json',
};

/** By transcoder: one like it, for arenas without WebAssembly. It gets the same lines, so it has the same state. */
const twins = new WeakMap<Transcoder, Transcoder>();

export function transcoder(options: Partial<TranscodeOptions> = {}, names: NameRule = VOLC_LAYOUT.names): Transcoder {
  const make = () => new Transcoder({ ...VOLC_LAYOUT, names }, { ...DEFAULTS, ...options }, stoppedClock);
  const by = make();
  twins.set(by, make());
  return by;
}

/** The bytes that a transcoder writes for these lines, in one batch, with WebAssembly and without it. */
export function encoded(lines: readonly (string | Buffer)[], by = transcoder()): Buffer {
  const bytes = encodedIn(newArena, lines, by);
  const plain = encodedIn(plainArena, lines, twins.get(by)!);
  assert.ok(plain.equals(bytes), `without WebAssembly there are other bytes for ${lines.join('\n').slice(0, 10_000)}`);
  return bytes;
}

function encodedIn(arenas: NewArena, lines: readonly (string | Buffer)[], by: Transcoder): Buffer {
  const batch = new OpenBatch(1024 * 1024, arenas);
  for (const line of lines) {
    const bytes = Buffer.from(line);
    // The line is in the middle of a buffer, so that a forgotten offset makes a test fail.
    const around = Buffer.concat([Buffer.from('"}'), bytes, Buffer.from(',"more":1}')]);
    const start = batch.length;
    by.append(around, 2, 2 + bytes.length, batch);
    batch.added(start);
  }
  return batch.seal(false, () => ({ head: new Uint8Array(), tail: new Uint8Array() }), Buffer.from);
}

export function decoded(entries: Buffer): Log[] {
  return (LogGroup.toObject(LogGroup.decode(entries), { longs: Number, defaults: true }) as { Logs: Log[] }).Logs;
}

/** The bytes that protobufjs writes for these Logs as entries of a LogGroup. Empty values are written, as ours are. */
export function asProtobufjsWrites(logs: readonly Log[]): Buffer {
  return Buffer.from(LogGroup.encode(LogGroup.fromObject({ Logs: logs })).finish());
}

/** The Log of a line's record. */
export function transcoded(line: string | Buffer, options: Partial<TranscodeOptions> = {}): Log {
  return decoded(encoded([line], transcoder(options)))[0]!;
}

/** The contents of a line's record, in order. */
export function contents(line: string | Buffer, options: Partial<TranscodeOptions> = {}): [string, string][] {
  return transcoded(line, options).Contents.map(({ Key, Value }) => [Key, Value]);
}
