// What a spool tells people about its place and its neighbours: each function returns a topic and a sentence.

import type { FileSystemKind } from './root';

export interface Notice {
  readonly topic: string;
  readonly sentence: string;
}

/** Spooled records are for the next process. On some file systems they do not last until then. */
export function fileSystemNotice(kind: FileSystemKind | undefined, fsync: boolean): Notice | undefined {
  const where = `spool.dir is on ${kind}`;
  const topic = 'file system';
  switch (kind) {
    case 'tmpfs':
      return { topic, sentence: `${where}: its files use memory, and a restart of the machine ends them` };
    case 'overlay':
      return { topic, sentence: `${where}: its files end with the container; mount a volume there` };
    case 'nfs':
      if (fsync) return undefined;
      return { topic, sentence: `${where}: set spool.fsync, or a crash can lose spooled records` };
    default:
      return undefined;
  }
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

export function elsewhereNotice(destination: string, directories: number): Notice {
  const held = directories === 1 ? 'a directory' : `${directories} directories`;
  return {
    topic: `elsewhere ${destination}`,
    sentence: `the spool holds ${held} for another destination, ${destination}, which this process does not send (putlogs spool ls)`,
  };
}

export function foreignNotice(path: string, problem: string): Notice {
  return { topic: `foreign ${path}`, sentence: `${path} ${problem}, and is left alone` };
}
