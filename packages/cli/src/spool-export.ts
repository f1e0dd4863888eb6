// putlogs spool export: the records on disk as NDJSON. One file is in memory at a time.

import { once } from 'node:events';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { readBatch, readSpoolFile, type SurveyedFile } from '@putlogs/core/tools';
import { BAD, type Call, type Command, GOOD, UsageError } from './command';
import { Progress } from './progress';
import { survey } from './spool';
import { counted } from './table';

export const spoolExport: Command = {
  name: 'spool export',
  summary: 'Writes the records on disk as NDJSON.',
  about: `Writes each record of a spool as one JSON text a line, the oldest run's first, and deletes nothing:
  { "time", "level", "contents": { name: text }, "source", "topic", "fileName", "tags", "hashKey", "packId" }
time is ISO 8601 to the nanosecond, level the content that --level-key names, or null. It is always NDJSON; --json
has no further meaning.

Exit code 0: all were written. 1: some files are damaged, and told on stderr; all others were written.`,
  flags: {
    output: { value: '<file>', short: 'o', meaning: 'Write to this file, which must not exist, instead of stdout.' },
  },
  options: ['spool.dir', 'levelKey'],
  async run(call) {
    const { parts } = survey(call);
    const files = parts.flatMap((part) => part.files);
    const output = openOutput(call);
    const progress = new Progress('exporting', 'files', output === undefined && process.stdout.isTTY === true);
    const levelKey = String(call.explained.valueOf('levelKey') ?? 'level');
    let [records, damaged] = [0, 0];
    for (const [at, file] of files.entries()) {
      if (call.signal.aborted) throw new Error(`ended after ${at} of ${files.length} files`);
      try {
        const lines = linesOf(file, levelKey);
        records += lines.length;
        if (output === undefined) await call.print(lines.join(''));
        else if (!output.write(lines.join(''))) await once(output, 'drain');
      } catch (error) {
        damaged += 1;
        progress.end();
        call.tell(`${file.path} is damaged: ${(error as Error).message}`);
      }
      progress.show(at + 1, files.length);
    }
    output?.end();
    if (output !== undefined) await finished(output);
    progress.end();
    if (output !== undefined) call.tell(`${counted(records, 'record')} of ${counted(files.length, 'file')} written`);
    return damaged === 0 ? GOOD : BAD;
  },
};

/** For its owner only, as the spool is. @throws UsageError */
function openOutput({ own }: Call): WriteStream | undefined {
  const path = own.get('output');
  if (path === undefined) return undefined;
  try {
    return createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
  } catch (error) {
    throw new UsageError(`--output ${path} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** @throws if the file is damaged */
function linesOf(file: SurveyedFile, levelKey: string): string[] {
  const read = readSpoolFile(file);
  if (read.kind === 'failed' && read.code === 'ENOENT') return [];
  if (read.kind === 'failed') throw new Error(read.message);
  if (read.kind === 'newer') throw new Error(`a later version of putlogs has written it (format ${read.version})`);
  if (read.kind === 'damaged') throw new Error(read.why);
  const { hashKey } = read.batch;
  const { envelope, records } = readBatch(read.batch);
  const { source, topic, fileName, tags, packId } = envelope;
  return Array.from(records, ({ time, timeNs, contents }) => {
    const level = contents[levelKey] ?? null;
    const at = `${new Date(time).toISOString().slice(0, -1)}${String(timeNs).padStart(6, '0')}Z`;
    return `${JSON.stringify({ time: at, level, contents, source, topic, fileName, tags, hashKey, packId })}\n`;
  });
}
