// Level labels: pino writes levels as numbers, and people search for words such as `error`.

const PINO_LEVELS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

/** Labels in UTF-8, by number. */
export type LevelLabels = ReadonlyMap<number, Uint8Array>;

/**
 * Returns the six labels of pino, and the application's own.
 * @param levels numbers by label, as in pino's `customLevels`
 */
export function levelLabels(levels: Readonly<Record<string, number>>): Map<number, Uint8Array> {
  const labels = new Map<number, Uint8Array>();
  addLabels(labels, PINO_LEVELS, levels);
  return labels;
}

/** Adds the labels of a logger, and replaces the six of pino if the logger does. `own` are kept. */
export function addLabels(
  labels: Map<number, Uint8Array>,
  levels: Readonly<Record<string, number>>,
  own: Readonly<Record<string, number>>,
): void {
  for (const [label, number] of [...Object.entries(levels), ...Object.entries(own)]) {
    labels.set(number, Buffer.from(label));
  }
}

/**
 * Returns the label of the whole number in the text `bytes[start..end)`. Returns undefined if the number has no label;
 * it is then sent unchanged.
 */
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
