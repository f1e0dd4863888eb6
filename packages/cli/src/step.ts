// A step of putlogs doctor and its result.

export interface Step {
  readonly name: string;
  readonly state: 'ok' | 'wrong' | 'left out';
  readonly text: string;
  /** Figures for machines, with --json. */
  readonly details?: unknown;
}

export function ok(name: string, text: string, details?: unknown): Step {
  return { name, state: 'ok', text, ...(details === undefined ? {} : { details }) };
}

export function wrong(name: string, text: string, details?: unknown): Step {
  return { name, state: 'wrong', text, ...(details === undefined ? {} : { details }) };
}

export function leftOut(name: string, text: string): Step {
  return { name, state: 'left out', text };
}
