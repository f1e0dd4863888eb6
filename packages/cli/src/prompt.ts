// Asks a person on the terminal, one question at a time.

import { createInterface } from 'node:readline';
import { UsageError } from './command';

/** Returns the answer, or the proposal if the answer is empty. */
export type Ask = (question: string, proposal?: string) => Promise<string>;

/** Questions go to stderr: the output of a command may be redirected. @throws UsageError from `ask`, at the end of input */
export function prompt(signal: AbortSignal): { ask: Ask; close: () => void } {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Not by `question`, which loses lines that a person types or pastes before they are asked for.
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
