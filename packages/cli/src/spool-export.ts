// putlogs spool export: the records on disk as NDJSON. One entry is in memory at a time.

import { once } from 'node:events';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { entriesOf, type Finding, readBatch, type SurveyedEntry } from '@putlogs/core/tools';
import { BAD, type Call, type Command, GOOD, UsageError } from './command';
import { Progress } from './progress';
import { pauses, survey, totalOf } from './spool';
import { counted, grouped } from './table';

export const spoolExport: Command = {
  name: 'spool export',
  summary: 'Writes the records on disk as NDJSON.',
  about: `Writes each unfinished record of a spool as one line of JSON. The oldest run comes first. Nothing is deleted.
  { "time", "level", "contents": { name: text }, "source", "topic", "fileName", "tags", "hashKey", "packId" }
time is ISO 8601 to the nanosecond. level is the field that --level-key names, or null. The output is always NDJSON;
--json changes nothing. If transports are using the spool, the output may contain records that they deliver meanwhile.

Exit code 0: all records were written. 1: some entries are damaged and reported on stderr; all others were written.`,
  flags: {
    output: { value: '<file>', short: 'o', meaning: 'Write to this file instead of stdout. The file must not exist.' },
    all: { meaning: 'Also write finished records whose segment still exists.' },
  },
  options: ['spool.dir', 'levelKey'],
  async run(call) {
    const spool = survey(call);
    const isAll = call.own.has('all');
    const levelKey = String(call.explained.valueOf('levelKey') ?? 'level');
    const total = totalOf(spool.parts(), 'unfinished');
    const output = openOutput(call);
    const progress = new Progress('exporting', 'records', output === undefined && process.stdout.isTTY === true);
    const pause = pauses();
    let [records, damaged] = [0, 0];
    const report = (text: string) => {
      damaged += 1;
      progress.end();
      call.report(text);
    };
    for (const part of spool.parts()) {
      if (part.failure !== undefined) report(`${part.path} cannot be read: ${part.failure.message}`);
      for (const found of entriesOf(part, { mayLive: true, fromMark: !isAll })) {
        if (call.signal.aborted) throw new Error(`stopped after ${grouped(records)} of ${counted(total, 'record')}`);
        if (found.kind !== 'entry') {
          const problem = problemOf(found);
          if (problem !== undefined) report(problem);
          continue;
        }
        if (found.isRepeated || (found.isFinished && !isAll)) continue;
        try {
          const lines = linesOf(found, levelKey, isAll);
          records += lines.length;
          if (output === undefined) await call.print(lines.join(''));
          else if (!output.write(lines.join(''))) await once(output, 'drain');
        } catch (error) {
          report(`${found.path} is damaged: ${(error as Error).message}`);
        }
        progress.show(records, total);
        await pause();
      }
    }
    output?.end();
    if (output !== undefined) await finished(output);
    progress.end();
    if (output !== undefined) call.report(`${counted(records, 'record')} written`);
    return damaged === 0 ? GOOD : BAD;
  },
};

/** Only the owner may read the file, like the spool. @throws UsageError */
function openOutput({ own }: Call): WriteStream | undefined {
  const path = own.get('output');
  if (path === undefined) return undefined;
  try {
    return createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
  } catch (error) {
    throw new UsageError(`--output ${path} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** An incomplete tail has no record, and a segment that is gone was delivered: neither is a problem. */
function problemOf(found: Exclude<Finding, SurveyedEntry>): string | undefined {
  if (found.kind === 'unreadable') return `${found.path} cannot be read: ${found.message}`;
  if (found.kind !== 'damaged') return undefined;
  return `${found.path} is damaged: ${found.why}, ${counted(found.records, 'record')} lost`;
}

/** @throws if the entry cannot be read */
function linesOf({ batch, finished: done }: SurveyedEntry, levelKey: string, isAll: boolean): string[] {
  const { hashKey } = batch;
  const { envelope, records } = readBatch(batch);
  const { source, topic, fileName, tags, packId } = envelope;
  const lines: string[] = [];
  let index = 0;
  for (const { time, timeNs, contents } of records) {
    const isIncluded = isAll || !done.has(index);
    index += 1;
    if (!isIncluded) continue;
    const level = contents[levelKey] ?? null;
    const at = `${new Date(time).toISOString().slice(0, -1)}${String(timeNs).padStart(6, '0')}Z`;
    lines.push(`${JSON.stringify({ time: at, level, contents, source, topic, fileName, tags, hashKey, packId })}\n`);
  }
  return lines;
}
