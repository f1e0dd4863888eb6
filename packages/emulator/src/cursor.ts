// Cursors into a shard: a shard and a position in it, as text. A log group is never split.

import type { GroupPosition, Ledger } from './ledger.js';
import type { LogGroup } from './log-group.js';

export interface ShardGroups {
  readonly shard: number;
  readonly groups: readonly GroupPosition[];
}

export function writeCursor(shard: number, position: number): string {
  return Buffer.from(`${shard}:${position}`).toString('base64');
}

/** Returns the position, or `null` if the text is no cursor into this shard. */
export function readCursor(cursor: unknown, { shard, groups }: ShardGroups): number | null {
  if (typeof cursor !== 'string') return null;
  const parts = /^(\d{1,9}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64').toString('latin1'));
  if (!parts || Number(parts[1]) !== shard || Number(parts[2]) > groups.length) return null;
  return Number(parts[2]);
}

/**
 * The cursor of `begin`, of `end`, or of the first group that arrived at or after some Unix seconds. `null` for other
 * text.
 */
export function cursorFrom(from: string, { shard, groups }: ShardGroups): string | null {
  if (from === 'begin') return writeCursor(shard, 0);
  if (from === 'end') return writeCursor(shard, groups.length);
  if (!/^\d{1,12}$/.test(from)) return null;
  const found = groups.findIndex(({ arrivedAtMs }) => arrivedAtMs >= Number(from) * 1000);
  return writeCursor(shard, found < 0 ? groups.length : found);
}

/** The groups at the positions, as many as `maxBytes` allow when encoded. The first one is always included. */
export function takeGroups(
  ledger: Ledger,
  positions: readonly GroupPosition[],
  encode: (groups: readonly LogGroup[]) => Buffer,
  maxBytes: number,
): LogGroup[] {
  const groups: LogGroup[] = [];
  let takenBytes = 0;
  for (const position of positions) {
    const group = ledger.groupAt(position);
    takenBytes += encode([group]).length;
    // A reader could never pass a group that is larger than `maxBytes`.
    if (groups.length > 0 && takenBytes > maxBytes) break;
    groups.push(group);
  }
  return groups;
}
