// The sequence id of a write that the service makes only once, as it is on disk.
//
// The service keeps the last id of each hash key, and refuses an id that is not above it. So ids rise under a key, and
// each run has keys of its own: the first digits of the instance's key, which decide the shard, and digits of the run.
//
// Format: 7 bytes for the run's digits, 4 for the number.

/** How many of the 32 hex digits of a key are the run's. */
export const OWN_DIGITS = 14;
export const SEQUENCE_ID_BYTES = OWN_DIGITS / 2 + 4;
/** An SDK of the vendor has a signed integer of 32 bits. */
export const MAX_SEQUENCE_NUMBER = 2 ** 31 - 1;

export interface SequenceId {
  /** The last digits of the key. */
  readonly keyEnd: string;
  /** From 1. */
  readonly number: number;
}

/** A unit on disk, or a part of it, was sent under an id. */
export interface StoredAttempt extends SequenceId {
  /** It has the records `from` to before `to` of the unit on disk, except those that are finished. */
  readonly from: number;
  readonly to: number;
}

/** @param hashKey the instance's key; empty if its records have none */
export function keyOfSequence(hashKey: string, { keyEnd }: SequenceId): string {
  // Without a key of the instance any shard will do: the first digits decide it.
  const begin = hashKey === '' ? keyEnd : hashKey.padEnd(32, '0');
  return begin.padEnd(32, '0').slice(0, 32 - OWN_DIGITS) + keyEnd;
}

export function writeSequenceId(bytes: Buffer, at: number, { keyEnd, number }: SequenceId): void {
  bytes.write(keyEnd, at, OWN_DIGITS / 2, 'hex');
  bytes.writeUInt32LE(number, at + OWN_DIGITS / 2);
}

export function readSequenceId(bytes: Buffer, at: number): SequenceId {
  const end = at + OWN_DIGITS / 2;
  return { keyEnd: bytes.toString('hex', at, end), number: bytes.readUInt32LE(end) };
}

/** Returns the last id under which exactly these records were sent. */
export function attemptOf(attempts: readonly StoredAttempt[], from: number, to: number): SequenceId | undefined {
  let last: StoredAttempt | undefined;
  for (const attempt of attempts) {
    if (attempt.from !== from || attempt.to !== to) continue;
    if (last === undefined || attempt.number > last.number) last = attempt;
  }
  return last;
}
