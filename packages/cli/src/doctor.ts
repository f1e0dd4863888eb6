// putlogs doctor: checks a configuration step by step, as a transport would use it, and says what to change.
//
// doctor-checks.ts has the steps. They are printed as they end, and the verdict last: at that place it is read first.

import { outsideText } from '@putlogs/core/tools';
import { BAD, type Command, GOOD, numberFlag } from './command';
import { examine } from './doctor-checks';
import { type ExplainedValue, explainedValues } from './doctor-options';
import type { Step } from './step';
import { counted, table } from './table';
import { verdictOf } from './verdict';

const SEARCH_SECONDS = 20;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks the configuration and the connection, sends one test record, and searches for it.',
  about: `Reads the options as the transports do. It prints the options that are set, each with its origin; then the
checks; and last the verdict: what is wrong, what to change, and the section of the docs about it. Secrets are masked.
It checks
  - Node's version, and whether LZ4 loads
  - the spool: whether this user can use it, its owner, mode and file system, the processes that use it, and the
    records in it for this and other destinations
  - the directory of the dead-letter file
  - the host name of the service, a connection, and the clock
  - one test record, signed and sent as the transports do
  - the topic or Logstore: that it exists, how long it keeps logs, how many shards it has, and whether its index
    covers the level and the message of a record
  - whether a search finds the test record.
A key that may only write is a good key: the last two are then left out.

With --json it prints one document, which has all options:
  { ok, verdict, options: [{ path, value, origin: { kind, name } }],
    steps: [{ name, state: "ok"|"wrong"|"left out", text, advice?, page?, details? }] }
A wrong step has advice (what is wrong and what to change) and page (the section of the docs). Details are
  spool: { path, isNew, uid, mode, fileSystem: "tmpfs"|"overlay"|"nfs"|null, notice,
    processes: { alive, dead, unknown }, thisDestination: { records, bytes }, otherDestinations: { records, bytes },
    all: { records, bytes }, elsewhere: [text], problems: [text] }; the figures are missing if the directory did
    not exist, and destinations are null if options are missing
  destination: { retentionDays }; null if the service does not say it, 3650 if logs are never deleted
  shards: { writable, readOnly }
  index: { fullText: { kind, fields? }, fields: [name], level, message }; level and message are each
    "field"|"words"|"none": how a search finds them
  search: { found, afterMs }

Exit code 0: no problem was found. 1: a step found a problem.`,
  flags: {
    'dry-run': { meaning: 'Check everything, but send no record.' },
    all: { meaning: 'Print all options, not only those that are set.' },
    'search-seconds': {
      value: '<n>',
      meaning: `How long to search for the test record, in seconds (default: ${SEARCH_SECONDS}). 0: do not search.`,
    },
  },
  options: [''],
  async run(call) {
    const settings = {
      isDryRun: call.own.has('dry-run'),
      searchMs: 1000 * numberFlag(call, 'search-seconds', SEARCH_SECONDS),
    };
    const values = explainedValues(call.explained);
    if (!call.isJson) await call.print(shownOptions(values, call.own.has('all')));
    const steps: Step[] = [];
    for await (const step of examine(call, settings)) {
      steps.push(step);
      if (!call.isJson) await call.print(shownStep(step));
    }
    const isOk = steps.every(({ state }) => state !== 'wrong');
    const verdict = verdictOf(steps, settings.isDryRun);
    await call.print(
      call.isJson ? `${JSON.stringify({ ok: isOk, verdict, options: values, steps })}\n` : `\n${verdict}\n`,
    );
    return isOk ? GOOD : BAD;
  },
};

function shownOptions(values: readonly ExplainedValue[], isAll: boolean): string {
  const isSet = ({ origin }: ExplainedValue) => origin.kind !== 'default' && origin.kind !== 'derived';
  const listed = isAll ? values : values.filter(isSet);
  const rows = listed.map(({ path, value, origin }) => [path, value, origin.name || origin.kind]);
  const others = values.length - listed.length;
  const rest = others === 0 ? '' : `${counted(others, 'other option')} not set: --all shows their values.\n`;
  return `${rows.length === 0 ? '' : table([['OPTION', 'VALUE', 'FROM'], ...rows])}${rest}\n`;
}

const MARKS = { ok: 'ok   ', wrong: 'WRONG', 'left out': '-    ' } as const;

/** Most characters of a line: text from a service or the disk has no end. */
const MAX_LINE_CHARACTERS = 4000;

function shownStep({ name, state, text }: Step): string {
  return `${MARKS[state]}  ${name}: ${outsideText(text, MAX_LINE_CHARACTERS)}\n`;
}
