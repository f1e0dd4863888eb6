// Sentences about a spool and its neighbours: each function returns a topic and a sentence.

export interface Notice {
  readonly topic: string;
  readonly sentence: string;
}

export function shrinkNotice(adoptedBytes: number, budgetBytes: number): Notice {
  return {
    topic: 'less may be written',
    sentence: `earlier processes left ${adoptedBytes} bytes in the spool, so this one writes at most ${Math.floor(budgetBytes)} (spool.maxBytes)`,
  };
}

/** @param holder host and pid of the process that may still run */
export function waitNotice(holder: string, leaseMs: number): Notice {
  return {
    topic: 'waiting',
    sentence: `waiting up to ${leaseMs / 1000} s to learn whether ${holder}, which left batches in the spool, still runs; new records are kept on disk`,
  };
}

export function foreignNotice(path: string, problem: string): Notice {
  return { topic: `foreign ${path}`, sentence: `${path} ${problem}, and is left alone` };
}
