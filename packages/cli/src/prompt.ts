// Asks a person on the terminal, one question at a time.

import { createInterface } from 'node:readline';
import { UsageError } from './command';

/** Returns the answer, or the proposal if the answer is empty. */
export type Ask = (question: string, proposal?: string) => Promise<string>;

/**
 * Questions go to stderr, because the output of a command may be redirected. `ask` throws a UsageError at the end of
 * the input.
 */
export function prompt(signal: AbortSignal): { ask: Ask; close: () => void } {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // `question` would lose lines that a person types or pastes before the question.
  const lines = terminal[Symbol.asyncIterator]();
  const close = () => terminal.close();
  signal.addEventListener('abort', close);
  const ask: Ask = async (question, proposal) => {
    terminal.setPrompt(`${question}${proposal === undefined ? '' : ` [${proposal}]`}: `);
    terminal.prompt();
    const { value, done } = await lines.next();
    if (done) throw new UsageError('the input ended before all questions were answered; nothing was written');
    return value.trim() || (proposal ?? '');
  };
  return { ask, close };
}
