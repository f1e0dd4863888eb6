// Sends dead letters again, after a person has fixed the cause of the refusals.
//
// A line stays in the files until its record is delivered. If the record is refused again, a new line replaces it. Of
// equal lines (writer.ts), one is sent.

import { createHash } from 'node:crypto';
import { sealBatch } from '../batch/sealed-batch';
import { type ClaimedFile, DeadLetterClaim } from '../dead-letter/claim';
import { type DeadLetter, type DeadLetterLine, deadLettersIn, keyOf } from '../dead-letter/reader';
import { fieldOf, lengthTag } from '../protobuf/fields';
import { sleep, systemClock } from '../runtime/clock';
import type { Target } from '../targets/target';
import type { Stats } from '../telemetry/counters';
import { type ReplayEnd, type ReplayParts, Resend } from './resend';

export interface DeadLetterReplay {
  readonly end: ReplayEnd;
  readonly stats: Stats;
  /** Lines that stay because they are for another destination. */
  readonly elsewhere: number;
  /** Lines that stay because they are torn, or are no dead letters. */
  readonly unreadable: number;
  /** Lines that stay because their records are not finished. */
  readonly left: number;
  /** Lines that were dropped because an equal line was read before. */
  readonly equal: number;
}

/** Dead letters have no order to keep. */
const LETTER_BATCHES_IN_FLIGHT = 4;
/** After so many bytes of lines, reading waits until their batches are finished. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/**
 * Most keys of lines in memory, which take about 60 MB. Of more, the oldest are forgotten, and equal lines are sent.
 */
const MOST_KEYS = 1024 * 1024;
/** Of the field that holds a record, in the message of every target. */
const ENTRY_TAG = lengthTag(1);
/** How long a last line without a newline is given to become whole: a writer may be writing it. */
const LAST_LINE_MS = 50;

/**
 * Sends the records of a dead-letter file, and of the older one beside it, to the destination of these options.
 * Delivered records are removed from the files. Those that are refused again stay as new lines, and all other lines
 * stay unchanged.
 * @throws the system's error if a file cannot be read or written, or an error that names the process that replays now.
 * Then no record is lost
 */
export async function replayDeadLetters(parts: ReplayParts, file: string): Promise<DeadLetterReplay> {
  const claim = new DeadLetterClaim(file);
  try {
    return await replayClaimed(parts, file, claim);
  } finally {
    claim.close();
  }
}

async function replayClaimed(parts: ReplayParts, file: string, claim: DeadLetterClaim): Promise<DeadLetterReplay> {
  const { spool, deadLetter } = parts.options;
  const options = {
    ...parts.options,
    // Lines of records that are refused again are on the disk before their old lines are removed.
    spool: { ...spool, dir: undefined, fsync: true },
    deadLetter: { ...deadLetter, file },
  };
  const onProgress = (stats: Stats) => {
    claim.renew();
    parts.onProgress(stats);
  };
  const resend = new Resend({ ...parts, options, onProgress }, LETTER_BATCHES_IN_FLIGHT);
  const replay = new Replay(resend);
  try {
    for (const claimed of claim.files) await replay.sendAll(claimed);
  } finally {
    await resend.close();
  }
  const stats = resend.stats();
  if (stats.deadLettered < stats.dropped.rejected) {
    claim.keep();
    throw new Error(
      `records that were refused again could not be written to ${file}: every line stays, also those of delivered records`,
    );
  }
  claim.finish();
  return { end: replay.end, stats, ...replay.counts };
}

/** Decides for each line whether it is sent or stays. */
class Replay {
  end: ReplayEnd = 'done';
  readonly counts = { elsewhere: 0, unreadable: 0, left: 0, equal: 0 };
  readonly #letters: Letters;
  readonly #target: Target;
  readonly #keys = new Set<string>();

  constructor(resend: Resend) {
    this.#letters = new Letters(resend);
    this.#target = resend.target;
  }

  /** Reads until the file no longer grows, because a writer may still be writing its last line. */
  async sendAll(claimed: ClaimedFile): Promise<void> {
    let lastLineEnd = -1;
    for (let at = 0; at < claimed.bytes; ) {
      for (const line of deadLettersIn(claimed.path, at)) {
        if (!line.isWhole && line.next !== lastLineEnd) {
          lastLineEnd = line.next;
          await sleep(systemClock, LAST_LINE_MS);
          break;
        }
        at = line.next;
        await this.#take(line, claimed);
      }
      await this.#finish(claimed);
    }
  }

  async #take({ text, letter }: DeadLetterLine, claimed: ClaimedFile): Promise<void> {
    if (text.length === 0) return;
    if (letter === undefined) this.#stay('unreadable', text, claimed);
    else if (!isFor(letter, this.#target)) this.#stay('elsewhere', text, claimed);
    else if (this.#isRepeated(letter)) this.counts.equal += 1;
    else if (this.end !== 'done') this.#stay('left', text, claimed);
    else if (this.#letters.add(letter, text) >= WINDOW_BYTES) await this.#finish(claimed);
  }

  #stay(why: 'elsewhere' | 'unreadable' | 'left', text: Buffer, claimed: ClaimedFile): void {
    claimed.stay(text);
    this.counts[why] += 1;
  }

  #isRepeated(letter: DeadLetter): boolean {
    const key = keyOf(letter);
    if (this.#keys.has(key)) return true;
    if (this.#keys.size >= MOST_KEYS)
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    this.#keys.add(key);
    return false;
  }

  async #finish(claimed: ClaimedFile): Promise<void> {
    if (this.end !== 'done') return;
    this.end = await this.#letters.finished();
    for (const text of this.#letters.unfinished()) this.#stay('left', text, claimed);
  }
}

interface Group {
  readonly first: DeadLetter;
  readonly entries: Buffer[];
  readonly lines: Buffer[];
  bytes: number;
}

interface Sent {
  readonly lines: readonly Buffer[];
  unfinished: number;
}

/** Makes batches of dead letters again. Letters of one hash key and one envelope are sent together. */
class Letters {
  readonly #resend: Resend;
  readonly #groups = new Map<string, Group>();
  /** By pack id. A batch may be finished in parts. */
  readonly #sent = new Map<string, Sent>();
  #sequence = 0;
  #windowBytes = 0;

  constructor(resend: Resend) {
    this.#resend = resend;
    resend.onFinished = (packId, count) => {
      const sent = this.#sent.get(packId)!;
      sent.unfinished -= count;
      if (sent.unfinished === 0) this.#sent.delete(packId);
    };
  }

  /** Returns the bytes of the lines added since the last `finished`. */
  add(letter: DeadLetter, line: Buffer): number {
    const entry = fieldOf(ENTRY_TAG, Buffer.from(letter.raw, 'base64'));
    const { maxBytes, maxCount } = this.#resend.options.batch;
    const key = JSON.stringify([letter.hashKey, letter.envelope]);
    let group = this.#groups.get(key);
    if (group !== undefined && (group.bytes + entry.length > maxBytes || group.lines.length >= maxCount)) {
      this.#send(group);
      group = undefined;
    }
    group ??= { first: letter, entries: [], lines: [], bytes: 0 };
    this.#groups.set(key, group);
    group.entries.push(entry);
    group.lines.push(line);
    group.bytes += entry.length;
    this.#windowBytes += line.length;
    return this.#windowBytes;
  }

  finished(): Promise<ReplayEnd> {
    for (const group of this.#groups.values()) this.#send(group);
    this.#groups.clear();
    this.#windowBytes = 0;
    return this.#resend.finished();
  }

  /** The lines of batches that are not finished. */
  unfinished(): Buffer[] {
    return [...this.#sent.values()].flatMap(({ lines }) => lines);
  }

  #send({ first, entries, lines, bytes }: Group): void {
    const { hashKey, envelope } = first;
    const { target, compress } = this.#resend;
    this.#sequence += 1;
    const packId = packIdOf(entries, this.#sequence);
    const { head, tail } = target.frame({ ...envelope, packId }, bytes);
    const place = { entriesFrom: head.length, entriesTo: head.length + bytes };
    const unsealed = { firstRecord: 0, packId, hashKey, count: lines.length, ...place };
    const batch = sealBatch(unsealed, Buffer.concat([head, ...entries, tail]), compress);
    this.#sent.set(packId, { lines, unfinished: batch.count });
    this.#resend.push(batch);
  }
}

/** Returns the same id for the same lines. So after a crash, readers recognise what a replay sends again. */
function packIdOf(entries: readonly Buffer[], sequence: number): string {
  const hash = createHash('sha256');
  for (const entry of entries) hash.update(entry);
  return `${hash.digest('hex').slice(0, 16).toUpperCase()}-${sequence.toString(16).toUpperCase()}`;
}

/** Whether the letter is for the target's topic or Logstore, whatever the address. */
function isFor(letter: DeadLetter, { destination, identity }: Target): boolean {
  const same = Object.entries(identity).every(([name, value]) => letter.target[name] === value);
  return same && letter.target['service'] === destination['service'];
}
