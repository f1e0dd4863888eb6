// putlogs top: shows the counters of the processes that publish them, live on a terminal, or once.

import { readdirSync } from 'node:fs';
import { environmentName, flagOf } from '@putlogs/core/tools';
import { type Call, type Command, GOOD, systemProblem, UsageError } from './command';
import { type TopDirectories, TopReader, type TopReading } from './top-reading';
import { linesOf } from './top-screen';
import { Terminal } from './top-terminal';

const EVERY_MS = 1000;

export const top: Command = {
  name: 'top',
  summary: 'Shows the counters of running processes, live.',
  about: `Shows the processes that publish in --spool-dir or --status-dir: records accepted and delivered per second, pending,
spooled and lost records, retries, and the last warning with what to do. Redrawn each second until q or Ctrl-C. Prints
one reading if stdout is not a terminal. Changes nothing and opens no port. Run it as the user of the application.

STATE is alive, silent (it runs, but has written no status for 30 s), gone (it ended without closing; shown for an
hour), or elsewhere (on another machine or in another container, and its state is unknown). IN/S and OUT/S are averages
of ten seconds. LOST counts dropped and refused records. NO_COLOR turns colours off.

With --json it prints one reading:
  { at, processes: [{ state, pid, host, instance, target, destination, run, started, updated,
      perSecond: { accepted, delivered, wireBytes }, lost, stats, warning: { code, message, at, advice } | null }],
    spool: { dir, records, bytes, leftRecords } | null, unreadable: [{ path, problem }] }
stats are those of the transport. leftRecords are on disk, and their process has ended.

Exit code 0: the directories could be read.`,
  flags: {},
  options: ['spool.dir', 'status.dir'],
  async run(call) {
    const reader = new TopReader(directoriesOf(call));
    if (call.isJson) {
      await call.print(`${JSON.stringify(await read(call, reader))}\n`);
    } else if (Terminal.isUsable()) {
      await live(call, reader);
    } else {
      const lines = linesOf(
        await read(call, reader),
        { columns: undefined, rows: undefined, hasColours: false },
        false,
      );
      await call.print(`${lines.join('\n')}\n`);
    }
    return GOOD;
  },
};

function directoriesOf(call: Call): TopDirectories {
  const named = (path: string) => {
    const value = call.explained.valueOf(path);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const directories = { spool: named('spool.dir'), status: named('status.dir') };
  // A process makes its directory when it starts. One that is missing now is more likely a typo.
  for (const [path, directory] of [
    ['spool.dir', directories.spool],
    ['status.dir', directories.status],
  ] as const) {
    if (directory !== undefined) list(call, path, directory);
  }
  if (directories.spool !== undefined || directories.status !== undefined) return directories;
  const ways = ['spool.dir', 'status.dir'].map((path) => `${flagOf(path)} (${environmentName(path)})`);
  throw new UsageError(`set ${ways.join(' or ')} to the directory that the processes use`);
}

function list(call: Call, path: string, directory: string): void {
  try {
    readdirSync(directory);
  } catch (error) {
    throw systemProblem(call, path, error);
  }
}

/** @throws UsageError if a directory cannot be read */
async function read(call: Call, reader: TopReader): Promise<TopReading> {
  try {
    return await reader.read();
  } catch (error) {
    const isSpool = reader.isInSpool((error as NodeJS.ErrnoException).path);
    throw systemProblem(call, isSpool ? 'spool.dir' : 'status.dir', error);
  }
}

async function live(call: Call, reader: TopReader): Promise<void> {
  const terminal = new Terminal();
  // Before the terminal changes: a wrong directory is reported where the user sees it.
  let reading = await read(call, reader);
  terminal.open();
  try {
    while (!terminal.isQuit && !call.signal.aborted) {
      const { columns, rows } = terminal;
      terminal.draw(linesOf(reading, { columns, rows, hasColours: Terminal.hasColours() }, true));
      await terminal.wait(EVERY_MS, call.signal);
      if (!terminal.isQuit && !call.signal.aborted) reading = await read(call, reader);
    }
  } finally {
    terminal.close();
  }
}
