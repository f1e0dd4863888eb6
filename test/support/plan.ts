// What a test asks of a logging application, in one argument, and how the application ends.

export interface Plan {
  instance: string;
  /** How many records of the corpus to log, all of them in one go. */
  count: number;
  startMs: number;
  /**
   * `close`: by `logger.close()` (winston), and then having nothing left to do.
   * `signal`: by SIGTERM and a handler that exits; it prints `ready` and waits for it.
   */
  end: 'natural' | 'exit' | 'throw' | 'reject' | 'close' | 'signal';
  /** The batching in a worker thread, or in the application's own. */
  thread: 'worker' | 'own';
  /** Core options beside those in the environment. */
  options?: Record<string, unknown>;
}

/** Any code that node does not use itself. */
export const EXIT_CODE = 42;

export function readPlan(): Plan {
  return JSON.parse(process.argv[2] ?? '{}') as Plan;
}

/** Ends the application, in the same tick as it was called. */
export function endAs(end: Plan['end']): void {
  switch (end) {
    case 'natural':
    case 'close':
      break;
    case 'exit':
      process.exit(EXIT_CODE);
      break;
    case 'reject':
      void Promise.reject(new Error('not caught'));
      break;
    case 'signal':
      process.once('SIGTERM', () => process.exit(EXIT_CODE));
      setInterval(() => {}, 60_000);
      process.stdout.write('ready\n');
      break;
    case 'throw':
      throw new Error('not caught');
  }
}
