// What was kept, sent again: a spool that its processes have left, or the dead letters after the cause was mended.
//
// Takes: options, as a shipper does; batches from the spool, or lines of the dead-letter file. Gives: each its fate, by the
// second half of a shipper's wiring: there is no other sender and no other retry loop. Keeps: what has no fate yet, where
// it was. Never: waits for ever: when nothing had a fate for `patienceMs` it ends, and what is left stays.

import { createHash } from 'node:crypto';
import { Account, type Stats } from './account';
import { BatchSize } from './batch/batch-size';
import { type Compressed, codecOf, compressor } from './batch/compress';
import { type SealedBatch, sealBatch } from './batch/sealed-batch';
import { systemClock } from './clock';
import type { Options } from './options/schema';
import { Outbox } from './outbox';
import { varintBytes, writeVarint } from './record/varint';
import { signerOf } from './signer';
import { DeadLetterClaim } from './spool/dead-letter-claim';
import { type DeadLetter, deadLettersIn } from './spool/dead-letter-lines';
import type { Target } from './target/target';
import { Teller } from './tell';

export interface ReplayParts {
  readonly options: Options;
  /** Ends when nothing had a fate for so long. */
  readonly patienceMs: number;
  /** Ends it, too: what has no fate by then stays. */
  readonly signal: AbortSignal;
  /** Told how far it is, several times a second. */
  readonly onProgress: (stats: Stats) => void;
}

export type ReplayEnd =
  /** All that there was has its fate. */
  'done' | 'out of patience' | 'aborted';

export interface SpoolReplay {
  readonly end: ReplayEnd;
  readonly stats: Stats;
}

export interface DeadLetterReplay extends SpoolReplay {
  /** Lines that stay because they are for another destination, and those that are no dead letters or are torn. */
  readonly elsewhere: number;
  readonly unreadable: number;
  /** Lines that stay because they had no fate. */
  readonly left: number;
}

const LOOK_MS = 200;
/** Dead letters need not keep an order. */
const LETTER_BATCHES_IN_FLIGHT = 4;
/** What is read of the dead letters before it is waited for its fate. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * Delivers what dead processes have left in `spool.dir` for the destination of these options, whichever instance's.
 * `spool.maxBytes` does not count: nothing is to give way to what is sent again.
 */
export async function replaySpool(parts: ReplayParts): Promise<SpoolReplay> {
  const spool = { ...parts.options.spool, maxBytes: Number.MAX_SAFE_INTEGER };
  const resend = new Resend({ ...parts, options: { ...parts.options, spool } }, 1);
  const end = await resend.settled();
  await resend.close();
  return { end, stats: resend.stats() };
}

/**
 * Sends the records of a dead-letter file again, for the destination of these options. Those delivered are not in it any
 * more, those refused again are, as new lines, and so are all others.
 * @throws the system's error, where the file cannot be read or written; no record is lost then
 */
export async function replayDeadLetters(parts: ReplayParts, file: string): Promise<DeadLetterReplay> {
  const claim = new DeadLetterClaim(file);
  const { spool, deadLetter } = parts.options;
  const options = { ...parts.options, spool: { ...spool, dir: undefined }, deadLetter: { ...deadLetter, file } };
  const resend = new Resend({ ...parts, options }, LETTER_BATCHES_IN_FLIGHT);
  const stays = { elsewhere: 0, unreadable: 0, left: 0 };
  const letters = new Letters(resend);
  let end: ReplayEnd = 'done';
  const settle = async () => {
    end = await letters.settled();
    for (const line of letters.unsettled()) {
      claim.stay(line);
      stays.left += 1;
    }
  };
  for (let at = 0; at < claim.bytes; ) {
    for (const { text, letter, next } of deadLettersIn(claim.path, at)) {
      at = next;
      if (text.length === 0) continue;
      if (letter === undefined || !resend.isFor(letter)) {
        claim.stay(text);
        stays[letter === undefined ? 'unreadable' : 'elsewhere'] += 1;
      } else if (end !== 'done') {
        claim.stay(text);
        stays.left += 1;
      } else if (letters.add(letter, text) >= WINDOW_BYTES) await settle();
    }
    if (end === 'done') await settle();
  }
  await resend.close();
  const stats = resend.stats();
  if (stats.deadLettered < stats.dropped.rejected) {
    claim.keep();
    throw new Error(`what was refused again could not be written to ${file}: all lines stay, those delivered, too`);
  }
  claim.release();
  return { end, stats, ...stays };
}

/** The second half of a shipper, for batches that there are already. */
class Resend {
  readonly options: Options;
  readonly target: Target;
  readonly compress: (raw: Buffer) => Compressed;
  readonly #parts: ReplayParts;
  readonly #account = new Account();
  readonly #outbox: Outbox;
  readonly #destination: string;
  /** Told of each batch that had its fate, whole or in parts. */
  onSettled: (batch: SealedBatch) => void = () => {};

  constructor(parts: ReplayParts, concurrency: number) {
    const { options } = parts;
    const clock = systemClock;
    const teller = new Teller(clock, () => {});
    const { credentials, target } = signerOf(options, clock);
    this.#parts = parts;
    this.options = options;
    this.target = target;
    this.#destination = JSON.stringify(this.target.destination);
    this.compress = compressor(codecOf(options.compression), (reason) =>
      teller.tell('compression', `no LZ4 could be loaded, zlib is used instead: ${reason}`),
    );
    this.#outbox = new Outbox({
      options,
      target: this.target,
      credentials,
      account: this.#account,
      clock,
      teller,
      compress: this.compress,
      size: new BatchSize(options.batch, clock),
      concurrency,
      runs: undefined,
      // Who asks for it does not want to wait for the successors of the dead.
      graceMs: 0,
      onSettled: (batch) => this.onSettled(batch),
    });
  }

  isFor({ target }: DeadLetter): boolean {
    return JSON.stringify(target) === this.#destination;
  }

  push(batch: SealedBatch): void {
    this.#account.add('accepted', batch.count);
    this.#outbox.push(batch);
  }

  stats(): Stats {
    return this.#account.stats();
  }

  /** Resolves when all there is has its fate, or when it will not have it in time. */
  async settled(): Promise<ReplayEnd> {
    const { patienceMs, signal, onProgress } = this.#parts;
    let before = unsettled(this.stats());
    let sinceMs = systemClock.monotonicMs();
    while (this.#outbox.size > 0) {
      await this.#outbox.settled(LOOK_MS);
      const stats = this.stats();
      onProgress(stats);
      const nowMs = systemClock.monotonicMs();
      if (unsettled(stats) !== before) sinceMs = nowMs;
      before = unsettled(stats);
      if (this.#outbox.size === 0) break;
      if (signal.aborted) return 'aborted';
      if (nowMs - sinceMs >= patienceMs) return 'out of patience';
    }
    return 'done';
  }

  async close(): Promise<void> {
    this.#outbox.rescue();
    await this.#outbox.close();
  }
}

function unsettled({ pending, spooled }: Stats): number {
  return pending + spooled;
}

interface Group {
  readonly first: DeadLetter;
  readonly entries: Buffer[];
  readonly lines: Buffer[];
  bytes: number;
}

interface Sent {
  readonly lines: readonly Buffer[];
  withoutFate: number;
}

/** Dead letters as batches again: those of one hash key and one envelope together, as they were. */
class Letters {
  readonly #resend: Resend;
  readonly #groups = new Map<string, Group>();
  /** By pack id, for a batch may have its fate in parts. */
  readonly #sent = new Map<string, Sent>();
  #sequence = 0;
  #windowBytes = 0;

  constructor(resend: Resend) {
    this.#resend = resend;
    resend.onSettled = ({ packId, count }) => {
      const sent = this.#sent.get(packId)!;
      sent.withoutFate -= count;
      if (sent.withoutFate === 0) this.#sent.delete(packId);
    };
  }

  /** Gives how many bytes have been read that nobody has waited for. */
  add(letter: DeadLetter, line: Buffer): number {
    const entry = entryOf(Buffer.from(letter.raw, 'base64'));
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

  settled(): Promise<ReplayEnd> {
    for (const group of this.#groups.values()) this.#send(group);
    this.#groups.clear();
    this.#windowBytes = 0;
    return this.#resend.settled();
  }

  /** The lines of what had no fate. */
  unsettled(): Buffer[] {
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
    this.#sent.set(packId, { lines, withoutFate: batch.count });
    this.#resend.push(batch);
  }
}

/** The same for the same lines: who begins anew after a crash sends what readers know for a repetition. */
function packIdOf(entries: readonly Buffer[], sequence: number): string {
  const hash = createHash('sha256');
  for (const entry of entries) hash.update(entry);
  return `${hash.digest('hex').slice(0, 16).toUpperCase()}-${sequence.toString(16).toUpperCase()}`;
}

/** Field 1 of the message around the records, of every target: see walk.ts. */
function entryOf(log: Buffer): Buffer {
  const entry = Buffer.allocUnsafe(1 + varintBytes(log.length) + log.length);
  entry[0] = 0x0a;
  log.copy(entry, writeVarint(entry, 1, log.length));
  return entry;
}
