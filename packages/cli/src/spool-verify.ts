// putlogs spool verify: reads every record of a spool and reports damage. It changes nothing: a transport sets a
// damaged segment aside when it reads it.

import { entriesOf, type Finding, readBatch, type SurveyedEntry } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { Progress } from './progress';
import { type FoundSpool, mayLive, pauses, survey, totalOf } from './spool';
import { counted, grouped } from './table';

interface Damage {
  readonly path: string;
  /** The reason of the first damage in the file. */
  readonly why: string;
  /** How many places in the file cannot be read. */
  places: number;
  /** How many records are lost. */
  records: number;
  /** A transport has set it aside before. */
  readonly setAside: boolean;
}

interface Tail {
  readonly path: string;
  readonly bytes: number;
}

export const spoolVerify: Command = {
  name: 'spool verify',
  summary: 'Checks every entry and every record on disk.',
  about: `Reads each segment of a spool. Checks the checksum of every entry, every record, and the totals in headers and at the
end of segments. Changes nothing, and can run while transports use the spool.

An incomplete entry at the end of a segment is not damage. If its process runs, or may run, the entry is being
written. If its process is dead, the entry is torn: the process ended during the write, and had not counted the entry
as spooled.

With --json it prints one document:
  { segments, entries, records, finished,
    damaged: [{ path, why, places, records, setAside }], torn: [{ path, bytes }], beingWritten: [{ path, bytes }],
    gone }
records counts all readable records, finished those of them that are delivered or dropped. For a damaged segment,
places is how often reading failed, why is the first reason, and records is how many are lost. gone counts segments
that were removed while the command ran.

Exit code 0: no entry is damaged. 1: the listed entries are damaged, or segments were set aside before.`,
  flags: {},
  options: ['spool.dir'],
  async run(call) {
    const spool = survey(call);
    const owners = await spool.owners();
    const report = new Report(spool);
    const total = totalOf(spool.parts(), 'bytes');
    const progress = new Progress('verifying', 'bytes', call.isJson);
    const pause = pauses();
    let doneBytes = 0;
    for (const part of spool.parts()) {
      report.segments += part.segments;
      if (part.failure !== undefined) report.damage(part.path, `cannot be read (${part.failure.code})`, 0);
      for (const found of entriesOf(part, { mayLive: mayLive(part, owners) })) {
        report.add(found);
        if (found.kind !== 'entry') continue;
        doneBytes += found.endOffset - found.offset;
        progress.show(doneBytes, total);
        await pause();
        if (call.signal.aborted) throw new Error(`stopped after ${grouped(report.entries)} entries`);
      }
    }
    progress.end();
    await call.print(call.isJson ? `${JSON.stringify(report.document())}\n` : report.text());
    return report.isGood ? GOOD : BAD;
  },
};

class Report {
  segments = 0;
  entries = 0;
  #records = 0;
  #finished = 0;
  #gone = 0;
  readonly #damaged = new Map<string, Damage>();
  readonly #torn: Tail[] = [];
  readonly #beingWritten: Tail[] = [];

  constructor({ damaged }: FoundSpool) {
    for (const { path } of damaged) {
      this.#damaged.set(path, { path, why: 'it was set aside before', places: 0, records: 0, setAside: true });
    }
  }

  get isGood(): boolean {
    return this.#damaged.size === 0;
  }

  add(found: Finding): void {
    const { kind, path } = found;
    if (kind === 'entry') this.#addEntry(found);
    else if (kind === 'damaged') this.damage(path, found.why, found.records);
    else if (kind === 'unreadable') this.damage(path, `cannot be read (${found.code}): ${found.message}`, 0);
    else if (kind === 'torn') this.#torn.push({ path, bytes: found.bytes });
    else if (kind === 'being written') this.#beingWritten.push({ path, bytes: found.bytes });
    else this.#gone += 1;
  }

  #addEntry({ path, batch, finished, isFinished }: SurveyedEntry): void {
    this.entries += 1;
    const why = problemIn(batch);
    if (why === undefined) {
      this.#records += batch.count;
      this.#finished += isFinished ? batch.count : finished.total;
    } else this.damage(path, why, batch.count - finished.total);
  }

  damage(path: string, why: string, records: number): void {
    const known = this.#damaged.get(path) ?? { path, why, places: 0, records: 0, setAside: false };
    known.places += 1;
    known.records += records;
    this.#damaged.set(path, known);
  }

  document() {
    const { segments, entries } = this;
    const damaged = [...this.#damaged.values()];
    const [records, finished, gone] = [this.#records, this.#finished, this.#gone];
    return { segments, entries, records, finished, damaged, torn: this.#torn, beingWritten: this.#beingWritten, gone };
  }

  text(): string {
    const damaged = [...this.#damaged.values()];
    const lines = damaged.map(({ path, why, places, records }) => {
      const lost = records === 0 ? '' : `, ${counted(records, 'record')} lost`;
      return `damaged: ${path}: ${why}${places > 1 ? `, and ${places - 1} more` : ''}${lost}`;
    });
    for (const { path, bytes } of this.#torn) lines.push(`torn: ${path}: ${tailOf(bytes)} of a process that has ended`);
    for (const { path, bytes } of this.#beingWritten) lines.push(`being written: ${path}: ${tailOf(bytes)}`);
    const bad = damaged.length === 0 ? 'none damaged' : counted(damaged.length, 'damaged segment');
    const entries = counted(this.entries, 'entry', 'entries');
    const sum = `${counted(this.segments, 'segment')}, ${entries}, ${counted(this.#records, 'record')}`;
    return [...lines, `${sum}: ${bad}\n`].join('\n');
  }
}

function tailOf(bytes: number): string {
  return `${counted(bytes, 'byte')} of an incomplete entry`;
}

/** Returns why not all records of a batch can be read; undefined if they can. */
function problemIn(batch: SurveyedEntry['batch']): string | undefined {
  try {
    let count = 0;
    for (const _ of readBatch(batch).records) count += 1;
    return count === batch.count ? undefined : `an entry has ${count} records, but its header says ${batch.count}`;
  } catch (error) {
    return (error as Error).message;
  }
}
