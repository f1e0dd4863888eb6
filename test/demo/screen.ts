// What the demo's output can show: whether lines can be drawn again, their width, and bold letters.
//
// No escape code is written to a pipe, with TERM=dumb, or with NO_COLOR.

export interface Screen {
  readonly redraws: boolean;
  readonly columns: number;
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly print: (text: string) => void;
}

export type Output = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

/** A line longer than this is no longer read at a glance. */
const MAX_COLUMNS = 96;
/** What progress and table need; on less, nothing is drawn again, for a wrapped line would be drawn twice. */
const MIN_COLUMNS = 76;

export function screenOf(output: Output, environment: NodeJS.ProcessEnv): Screen {
  const obeys = output.isTTY === true && environment['TERM'] !== 'dumb';
  // NO_COLOR counts when it is not empty: no-color.org.
  const colors = obeys && !environment['NO_COLOR'];
  // The last column stays free: some terminals wrap when it is written. A terminal may not know its width and say 0.
  const columns = Math.min((output.columns || MAX_COLUMNS + 1) - 1, MAX_COLUMNS);
  const weight = (start: number, end: number) => (text: string) =>
    colors && text !== '' ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return {
    redraws: obeys && columns >= MIN_COLUMNS,
    columns: Math.max(MIN_COLUMNS, columns),
    bold: weight(1, 22),
    faint: weight(2, 22),
    print: (text) => {
      output.write(text);
    },
  };
}
