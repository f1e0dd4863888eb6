// A step of putlogs doctor and its result.

import type { PageName } from './pages';
import { PAGES } from './pages';

export interface Step {
  readonly name: string;
  readonly state: 'ok' | 'wrong' | 'left out';
  /** What the step found. */
  readonly text: string;
  /** Of a wrong step: what is wrong and what to change, and the section of the docs about it. */
  readonly advice?: string;
  readonly page?: string;
  /** Figures for machines, with --json. */
  readonly details?: unknown;
}

/** What is wrong and what to change. Steps with one cause have the same advice. */
export interface Advice {
  readonly text: string;
  readonly page: PageName;
}

export function ok(name: string, text: string, details?: unknown): Step {
  return { name, state: 'ok', text, ...(details === undefined ? {} : { details }) };
}

export function wrong(name: string, text: string, advice: Advice, details?: unknown): Step {
  const page = PAGES[advice.page];
  return { name, state: 'wrong', text, advice: advice.text, page, ...(details === undefined ? {} : { details }) };
}

export function leftOut(name: string, text: string): Step {
  return { name, state: 'left out', text };
}
