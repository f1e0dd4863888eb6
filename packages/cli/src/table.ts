// Formats figures and tables for people.

import { outsideText } from '@putlogs/core/tools';

/** Most characters of a cell. */
const MAX_CELL_CHARACTERS = 300;

/**
 * Returns aligned rows. The last column is not padded. A cell may hold text from a file or a service, so control
 * characters are removed and long text is cut.
 */
export function table(cells: readonly (readonly unknown[])[]): string {
  const rows = cells.map((row) => row.map((cell) => outsideText(String(cell), MAX_CELL_CHARACTERS)));
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** 12345 -> 12,345 */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : more}`;
}

export function shownBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

export function shownSeconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
