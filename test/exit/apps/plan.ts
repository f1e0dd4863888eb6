// What the matrix asks of an application, in one argument, and how the application ends.

export interface Plan {
  instance: string;
  count: number;
  end:
    | 'natural'
    | 'exit'
    | 'throw'
    | 'reject'
    | 'abort'
    /** It goes on for ever, and says `ready`: a signal ends it. */
    | 'idle'
    /** The same, with a handler of SIGTERM that calls `process.exit`. */
    | 'handler'
    /** The same, with a handler of SIGTERM that lets the application end by itself. */
    | 'graceful handler';
  /** How the transport is set up. */
  shape: string;
}

/** Any code that node does not use itself. */
export const EXIT_CODE = 42;

export function readPlan(): Plan {
  return JSON.parse(process.argv[2]!) as Plan;
}

/** Ends the application, in the same tick as it was called. */
export function endAs(end: Plan['end']): void {
  switch (end) {
    case 'natural':
      return;
    case 'exit':
      process.exit(EXIT_CODE);
      return;
    case 'throw':
      throw new Error('not caught');
    case 'reject':
      void Promise.reject(new Error('not caught'));
      return;
    case 'abort':
      process.abort();
      return;
    default: {
      const living = setInterval(() => {}, 60_000);
      if (end === 'handler') process.once('SIGTERM', () => process.exit(EXIT_CODE));
      if (end === 'graceful handler') process.once('SIGTERM', () => clearInterval(living));
      process.stdout.write('ready\n');
    }
  }
}
