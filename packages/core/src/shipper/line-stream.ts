// A stream that takes lines for a shipper: what thread-stream writes to in our worker, and pino in any thread.
//
// Takes: text, cut anywhere. Gives: its bytes to whoever makes records of them; word when no more will come. Keeps:
// nothing. Never: asks who writes to wait: a ring that is not emptied holds up the application, whatever the service
// does. Only who reads from another process may have it wait: there it is a pipe that fills up, and nothing is lost.
//
// It does the work of a line splitter behind a transform, without their streams in between: those cost more than the
// record, for they turn each line into a string and an event.

import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Options } from '../options/schema';
import { INPUT_BYTES } from '../record/memory-layout';
import { type Clock, systemClock } from '../runtime/clock';
import type { RangeShipper, Shipper } from '../sink';
import { Lines } from './line-splitter';
import { startShipper } from './shipper';

/** A chunk is read before the next comes, so the stream may never ask for a pause. */
const NEVER_FULL_BYTES = 2 ** 30;
/** Bytes of UTF-8 for a unit of UTF-16 at most. */
const UNIT_BYTES = 3;
/**
 * A chunk may be megabytes long. Its bytes are made in pieces that stay in the processor's cache while they are read.
 */
const PIECE_CHARACTERS = INPUT_BYTES / UNIT_BYTES;

/** Resolves when there is room for so many bytes; nothing where there is now. */
type Room = (bytes: number) => Promise<void> | undefined;

/**
 * @param piece where `INPUT_BYTES` of text are put to be read; asked for each piece, for it may be another one.
 * @param push is given bytes that are there only while it runs.
 * @param end called once, when nothing more will come; the stream finishes when it resolves.
 * @param room what a chunk waits for, where it may have to
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
  return new Writable({
    decodeStrings: false,
    ...(room === undefined ? { highWaterMark: NEVER_FULL_BYTES } : {}),
    write(chunk: string | Buffer, _encoding, done) {
      // Bytes may end within a character, and need not be UTF-8 at all; a text's bytes are.
      const take = () => {
        pushText(typeof chunk === 'string' ? chunk : decoder.write(chunk));
        done();
      };
      const waiting = room?.(chunk.length);
      if (waiting === undefined) take();
      else void waiting.then(take);
    },
    final(done) {
      // A character that was begun and never ended is told as such, and not left out.
      pushText(decoder.end());
      end().then(() => done(), done);
    },
  });
}

/** `at`, or the place before it if it is in the middle of a character that takes two units. */
function characterEnd(text: string, at: number): number {
  return at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
    ? at - 1
    : at;
}

/** A shipper and the stream that leads to it. */
export interface LineStream {
  readonly shipper: Shipper;
  /** Each line is a record. Its end is that of `shipper.close()`: all is finished, or the deadline has passed. */
  readonly stream: Writable;
}

export interface Waiting {
  /** What memory has no room for is not refused: the stream waits with it, until this is aborted. */
  readonly waitUntil?: AbortSignal;
}

/** The whole core in this thread, behind a stream of lines. */
export function startLineStream(options: Options, { waitUntil }: Waiting = {}): LineStream {
  const shipper = startShipper(options);
  const lines = new Lines((bytes, start, end) => void shipper.writeRange(bytes, start, end));
  const stream = lineStream(
    () => shipper.piece,
    (bytes) => lines.push(bytes),
    () => {
      lines.end();
      return shipper.close();
    },
    waitUntil === undefined ? undefined : roomIn(shipper, waitUntil, systemClock),
  );
  return { shipper, stream };
}

const LOOK_MS = 20;
/** A short field takes a few more bytes encoded than as JSON. */
const ENCODED_PER_BYTE = 2;

function roomIn(shipper: RangeShipper, waitUntil: AbortSignal, clock: Clock): Room {
  return (bytes) => {
    const isTime = () => waitUntil.aborted || shipper.makeRoom(bytes * ENCODED_PER_BYTE);
    if (isTime()) return undefined;
    return new Promise((resolve) => {
      // Held: whoever writes is another process, and nothing else may keep this one alive.
      const look = () => void (isTime() ? resolve() : clock.after(LOOK_MS, true, look));
      clock.after(LOOK_MS, true, look);
    });
  };
}
