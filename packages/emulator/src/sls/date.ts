// Reads the two date forms of a signed request. Other forms that Date.parse knows are rejected.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * `Tue, 02 Jan 2024 03:04:05 GMT`. The name of the day is not checked: a published example of an SDK has a wrong one.
 */
export function parseHttpDate(text: string): number | null {
  const fields = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text);
  if (!fields) return null;
  const [, day, month, year, hour, minute, second] = fields;
  const at = MONTHS.indexOf(month!) + 1;
  return at === 0 ? null : parseIso(`${year}-${two(at)}-${two(Number(day))}T${hour}:${minute}:${second}.000Z`);
}

/** `20240102T030405Z`. */
export function parseCompactDate(text: string): number | null {
  const fields = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!fields) return null;
  const [, year, month, day, hour, minute, second] = fields;
  return parseIso(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
}

function parseIso(iso: string): number | null {
  const atMs = Date.parse(iso);
  // Date.parse accepts 30 February as 1 March. The round trip detects that.
  return Number.isNaN(atMs) || new Date(atMs).toISOString() !== iso ? null : atMs;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
