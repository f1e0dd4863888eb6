// Three streams that a pino transport can be, in front of the same encoder: ours, and two on pino-abstract-transport.
//
// Each receives the text that thread-stream passes to a worker's stream: many lines in one string.

import type { Writable } from 'node:stream';
import type { OpenBatch } from '@putlogs/core/internal/batch/open-batch';
import type { Transcoder } from '@putlogs/core/internal/record/transcode';
import { Lines } from '@putlogs/core/internal/shipper/line-splitter';
import { lineStream } from '@putlogs/core/internal/shipper/line-stream';
import build from 'pino-abstract-transport';

const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Splits strings. Private to split2, which pino-abstract-transport is made of. */
type Matcher = { [Symbol.split](text: string): string[] };

/** @param batch receives the records; it is dropped when a stream has received a chunk */
export function streamsOf(transcoder: Transcoder, batch: OpenBatch): Readonly<Record<string, Writable>> {
  const add = (bytes: Buffer, start: number, end: number) => {
    const from = batch.length;
    transcoder.append(bytes, start, end, batch);
    batch.added(from);
  };
  const plain = () => {
    const lines = new Lines(add, MAX_LINE_BYTES);
    return lineStream(
      () => batch.arena.inputBuffer,
      (bytes) => lines.push(bytes),
      async () => lines.end(),
    );
  };
  // The object that it is given replaces a call of JSON.parse.
  const options = { parse: 'lines', parseLine: () => EMPTY, metadata: false } as const;
  const byLine = build((source) => {
    source.on('data', (line: string) => {
      const piece = batch.arena.inputBuffer;
      add(piece, 0, piece.write(line));
    });
  }, options) as Writable;
  const behind = plain();
  const byChunk = build((source) => {
    (source as unknown as { matcher: Matcher }).matcher = { [Symbol.split]: (text) => [text, ''] };
    source.on('data', (text: string) => behind.write(text));
  }, options) as Writable;
  return {
    'putlogs: its own stream': plain(),
    'pino-abstract-transport, line by line': byLine,
    'pino-abstract-transport, whole chunks': byChunk,
  };
}

const EMPTY = {};
