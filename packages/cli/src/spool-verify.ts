// putlogs spool verify: reads every file of a spool to its last record. Deletes and moves nothing: the transports set a
// damaged file aside when its turn comes, and what is gone when it is read was delivered meanwhile.

import { setImmediate as pause } from 'node:timers/promises';
import { readBatch, readSpoolFile, type SurveyedFile } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { Progress } from './progress';
import { survey } from './spool';
import { counted } from './table';

interface Damage {
  readonly path: string;
  readonly why: string;
  /** It was set aside already, and is not in the way. */
  readonly setAside: boolean;
}

export const spoolVerify: Command = {
  name: 'spool verify',
  summary: 'Reads every file on disk to its last record.',
  about: `Checks each file of a spool: its header, its checksum, and that every record in it can be read. Changes nothing.

With --json one document:
  { files, records, damaged: [{ path, why, setAside }], newer: [path] }
newer are files that a later version of putlogs has written; they are left for it.

Exit code 0: every file is whole. 1: some are damaged, and listed; so are those that were set aside before.`,
  flags: {},
  options: ['spool.dir'],
  async run(call) {
    const { parts, setAside } = survey(call);
    const files = parts.flatMap((part) => part.files);
    const progress = new Progress('verifying', 'files', call.isJson);
    const damaged: Damage[] = setAside.map(({ path }) => ({ path, why: 'it was set aside before', setAside: true }));
    const newer: string[] = [];
    let records = 0;
    for (const [at, file] of files.entries()) {
      if (call.signal.aborted) throw new Error(`ended after ${at} of ${files.length} files`);
      const found = check(file);
      if (found.kind === 'damaged') damaged.push({ path: file.path, why: found.why, setAside: false });
      else if (found.kind === 'newer') newer.push(file.path);
      else records += found.records;
      progress.show(at + 1, files.length);
      await pause();
    }
    progress.end();
    if (call.isJson) await call.print(`${JSON.stringify({ files: files.length, records, damaged, newer })}\n`);
    else {
      for (const { path, why } of damaged) await call.print(`damaged: ${path}: ${why}\n`);
      for (const path of newer) await call.print(`left for a later version: ${path}\n`);
      const bad = damaged.length === 0 ? 'none damaged' : counted(damaged.length, 'damaged file');
      await call.print(`${counted(files.length, 'file')}, ${counted(records, 'record')}: ${bad}\n`);
    }
    return damaged.length === 0 ? GOOD : BAD;
  },
};

type Found = { kind: 'whole'; records: number } | { kind: 'damaged'; why: string } | { kind: 'newer' };

function check(file: SurveyedFile): Found {
  const read = readSpoolFile(file);
  switch (read.kind) {
    case 'batch':
      try {
        return { kind: 'whole', records: [...readBatch(read.batch).records].length };
      } catch (error) {
        return { kind: 'damaged', why: (error as Error).message };
      }
    case 'failed':
      return read.code === 'ENOENT' ? { kind: 'whole', records: 0 } : { kind: 'damaged', why: read.message };
    default:
      return read;
  }
}
