// The word for a level. pino writes numbers; a person searches for `error`.
// Takes: the digits of a level. Gives: its label, or nothing for a number nobody named (it goes out as digits).
// Keeps: pino's six names and the application's own. Never: a change to a level that is a word already.

const PINO_LEVELS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

export type LevelLabels = ReadonlyMap<number, Uint8Array>;

/** @param levels the application's own levels as pino's `customLevels` has them: label to number. */
export function levelLabels(levels: Readonly<Record<string, number>>): LevelLabels {
  const byNumber = new Map<number, Uint8Array>();
  for (const [label, number] of [...Object.entries(PINO_LEVELS), ...Object.entries(levels)]) {
    byNumber.set(number, Buffer.from(label));
  }
  return byNumber;
}

/** The label for the number written in `bytes[start..end)`, if it is a plain whole number that has one. */
export function labelOf(labels: LevelLabels, bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (end - start > 9) return undefined;
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return labels.get(number);
}
