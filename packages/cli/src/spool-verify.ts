// putlogs spool verify: reads every entry of a spool to its last record. It changes nothing: the transports set a damaged
// segment aside when its turn comes.

import { entriesOf, type Finding, readBatch, type SurveyedEntry } from '@putlogs/core/tools';
import { BAD, type Command, GOOD } from './command';
import { Progress } from './progress';
import { type FoundSpool, mayLive, pauses, survey, totalOf } from './spool';
import { counted, grouped } from './table';

interface Damage {
  readonly path: string;
  /** Of the first damage in the file. */
  readonly why: string;
  /** Places in the file that cannot be read. */
  places: number;
  /** Records that are lost by it. */
  records: number;
  /** It was set aside before, and is not in the way. */
  readonly setAside: boolean;
}

interface Tail {
  readonly path: string;
  readonly bytes: number;
}

export const spoolVerify: Command = {
  name: 'spool verify',
  summary: 'Reads every entry on disk to its last record.',
  about: `Reads each segment of a spool: the checksums of every entry, every record in it, and whether the totals in headers and
at the end of segments agree with what is there. Changes nothing, and can run while transports work on the spool.

An entry that is not whole at the end of a segment is no damage. If its process lives, or may live, it is being
written. If its process is dead, it is torn: the process ended while it wrote, and had not counted it as on disk.

With --json one document:
  { segments, entries, records, finished,
    damaged: [{ path, why, places, records, setAside }], torn: [{ path, bytes }], beingWritten: [{ path, bytes }],
    gone }
records are all that could be read, finished those of them that are delivered or given up and whose segment is still
there. Of a damaged segment, places is how often reading failed, why is the reason of the first, and records is how
many are lost. gone is how many segments were removed while this command ran.

Exit code 0: no entry is damaged. 1: some are, and are listed; so are segments that were set aside before.`,
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
      if (part.failure !== undefined) report.damage(part.path, `cannot be read, ${part.failure.code}`, 0);
      for (const found of entriesOf(part, { mayLive: mayLive(part, owners) })) {
        report.add(found);
        if (found.kind !== 'entry') continue;
        doneBytes += found.endOffset - found.offset;
        progress.show(doneBytes, total);
        await pause();
        if (call.signal.aborted) throw new Error(`ended after ${grouped(report.entries)} entries`);
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
    else if (kind === 'unreadable') this.damage(path, `cannot be read, ${found.code}: ${found.message}`, 0);
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
    for (const { path, bytes } of this.#torn)
      lines.push(`torn: ${path}: ${tailOf(bytes)}, of a process that has ended`);
    for (const { path, bytes } of this.#beingWritten) lines.push(`being written: ${path}: ${tailOf(bytes)}`);
    const bad = damaged.length === 0 ? 'none damaged' : counted(damaged.length, 'damaged segment');
    const entries = counted(this.entries, 'entry', 'entries');
    const sum = `${counted(this.segments, 'segment')}, ${entries}, ${counted(this.#records, 'record')}`;
    return [...lines, `${sum}: ${bad}\n`].join('\n');
  }
}

function tailOf(bytes: number): string {
  return `${counted(bytes, 'byte')} of an entry that is not whole`;
}

/** Why the records of a batch cannot all be read. */
function problemIn(batch: SurveyedEntry['batch']): string | undefined {
  try {
    let count = 0;
    for (const _ of readBatch(batch).records) count += 1;
    return count === batch.count ? undefined : `an entry has ${count} records, and its header says ${batch.count}`;
  } catch (error) {
    return (error as Error).message;
  }
}
