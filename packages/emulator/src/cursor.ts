// Takes: a shard's log groups. Gives: cursors into them, as text, and the groups from a cursor on.
// Keeps: nothing: a cursor is a shard and a position in it. Never: splits a log group.
import type { GroupPosition, Ledger } from './ledger.js';
import type { LogGroup } from './log-group.js';

export interface ShardGroups {
  readonly shard: number;
  readonly groups: readonly GroupPosition[];
}

export function writeCursor(shard: number, position: number): string {
  return Buffer.from(`${shard}:${position}`).toString('base64');
}

/** Gives the position, or `null` when the text is no cursor into this shard. */
export function readCursor(cursor: unknown, { shard, groups }: ShardGroups): number | null {
  if (typeof cursor !== 'string') return null;
  const parts = /^(\d{1,9}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64').toString('latin1'));
  if (!parts || Number(parts[1]) !== shard || Number(parts[2]) > groups.length) return null;
  return Number(parts[2]);
}

/** The cursor of `begin`, `end` or the first group that arrived at or after some Unix seconds; `null` for other text. */
export function cursorFrom(from: string, { shard, groups }: ShardGroups): string | null {
  if (from === 'begin') return writeCursor(shard, 0);
  if (from === 'end') return writeCursor(shard, groups.length);
  if (!/^\d{1,12}$/.test(from)) return null;
  const found = groups.findIndex(({ arrivedAtMs }) => arrivedAtMs >= Number(from) * 1000);
  return writeCursor(shard, found < 0 ? groups.length : found);
}

/** The groups of the positions, as many as `maxBytes` allow once encoded, yet the first of them always. */
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
    // Without its first group a reader could never pass it.
    if (groups.length > 0 && takenBytes > maxBytes) break;
    groups.push(group);
  }
  return groups;
}
