// A writable stream of lines in front of a shipper. thread-stream writes to it in our worker, and pino in any thread.
//
// The stream never asks the writer to pause, because a ring that is not emptied would block the application. The one
// exception is a process that reads from another process (putlogs-pino). There the pipe fills, and nothing is lost.
//
// It splits lines itself. A stream of lines would make a string and an event for each line, which costs more than to
// encode the record.

import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Options } from '../options/schema';
import { INPUT_BYTES } from '../record/memory-layout';
import { type Clock, systemClock } from '../runtime/clock';
import type { LoggerFacts, RangeShipper, Shipper } from '../sink';
import { Lines } from './line-splitter';
import { startShipper } from './shipper';

/** Each chunk is read before the next one arrives, so the stream never has to ask for a pause. */
const NEVER_FULL_BYTES = 2 ** 30;
const NEWLINE = 0x0a;
/** The largest number of bytes in UTF-8 for one unit of UTF-16. */
const UNIT_BYTES = 3;
/**
 * A chunk may be megabytes long. It is encoded in pieces that stay in the processor's cache until they are read.
 */
const PIECE_CHARACTERS = INPUT_BYTES / UNIT_BYTES;

/** Resolves when there is room for this many bytes. */
type Room = (bytes: number) => Promise<void>;

/**
 * @param piece returns a buffer for `INPUT_BYTES` of text; each call may return another one
 * @param push receives bytes that are valid only during the call
 * @param end called once, after the last line; the stream finishes when it resolves
 * @param room delays a chunk until there is room for it; without it, no chunk is delayed
 */
export function lineStream(
  piece: () => Buffer,
  push: (bytes: Buffer) => void,
  end: () => Promise<void>,
  room?: Room,
): Writable {
  const decoder = new StringDecoder('utf8');
  const pushText = (text: string) => {
    for (let from = 0; from < text.length; ) {
      const to = characterEnd(text, from + PIECE_CHARACTERS);
      const bytes = piece();
      push(bytes.subarray(0, bytes.write(text.slice(from, to))));
      from = to;
    }
  };
  // A chunk of bytes may end within a character, and may have bytes that are not UTF-8.
  const take = (chunk: string | Buffer) => pushText(typeof chunk === 'string' ? chunk : decoder.write(chunk));
  const takeWhenRoom = async (chunk: Buffer, roomFor: Room) => {
    // A line that has begun may need all of memory, so what follows it waits for room of its own.
    const first = chunk.indexOf(NEWLINE) + 1;
    for (const part of [chunk.subarray(0, first), chunk.subarray(first)]) {
      if (part.length === 0) continue;
      await roomFor(part.length);
      take(part);
    }
  };
  return new Writable({
    decodeStrings: false,
    ...(room === undefined ? { highWaterMark: NEVER_FULL_BYTES } : {}),
    write(chunk: string | Buffer, _encoding, done) {
      if (room === undefined) {
        take(chunk);
        done();
        return;
      }
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      takeWhenRoom(bytes, room).then(() => done(), done);
    },
    final(done) {
      // An incomplete character at the end becomes a replacement character.
      pushText(decoder.end());
      end().then(() => done(), done);
    },
  });
}

/** Returns `at`, or the place before it if `at` is in the middle of a surrogate pair. */
function characterEnd(text: string, at: number): number {
  return at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
    ? at - 1
    : at;
}

/** A shipper and the stream in front of it. */
export interface LineStream {
  readonly shipper: Shipper;
  /** Each line is a record. The stream finishes when `shipper.close()` resolves. */
  readonly stream: Writable;
  /**
   * Uses the logger's names of levels, and its message key, for the lines from now on. Options that are set are kept.
   * Levels of several loggers are added: if a number has two names, the last one counts.
   */
  learn(facts: LoggerFacts): void;
}

export interface LineStreamSettings {
  /**
   * If it is set, a line is not refused when memory is full. The stream pauses until there is room, or until this
   * signal aborts.
   */
  readonly waitUntil?: AbortSignal;
  /** Whether the option `messageKey` is set, so that it is kept whatever the logger says. */
  readonly isMessageKeySet?: boolean;
}

/** Starts a shipper in this thread behind a stream of lines. */
export function startLineStream(
  options: Options,
  { waitUntil, isMessageKeySet = false }: LineStreamSettings = {},
): LineStream {
  const shipper = startShipper(options);
  const lines = new Lines(
    (bytes, start, end, isCut) => void shipper.writeRange(bytes, start, end, isCut),
    shipper.maxLineBytes,
  );
  const room = waitUntil === undefined ? undefined : roomIn(shipper, options, waitUntil, systemClock);
  const stream = lineStream(
    () => shipper.piece,
    (bytes) => lines.push(bytes),
    () => {
      lines.end();
      return shipper.close();
    },
    room && ((bytes) => room(lines.begunBytes + bytes * ENCODED_PER_BYTE)),
  );
  const learn = ({ levels, messageKey }: LoggerFacts) =>
    shipper.learn({ levels, messageKey: isMessageKeySet ? undefined : messageKey });
  return { shipper, stream, learn };
}

const POLL_INTERVAL_MS = 20;
/** Encoded, a short field takes a few bytes more than as JSON. */
const ENCODED_PER_BYTE = 2;

function roomIn(shipper: RangeShipper, { memory }: Options, waitUntil: AbortSignal, clock: Clock): Room {
  return (bytes) => {
    // Memory that is empty has room for every line, because no longer one is kept.
    const needed = Math.min(bytes, memory.maxBytes);
    const isTime = () => waitUntil.aborted || shipper.makeRoom(needed);
    if (isTime()) return Promise.resolve();
    return new Promise((resolve) => {
      // The timer keeps the process alive, because perhaps nothing else does: the writer is another process.
      const look = () => void (isTime() ? resolve() : clock.after(POLL_INTERVAL_MS, true, look));
      clock.after(POLL_INTERVAL_MS, true, look);
    });
  };
}
