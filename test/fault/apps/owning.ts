// A process that owns a run and renews it, for others to judge; or one that judges a run without owning one.
//
//   ROOT, RUN          where, and which run
//   BEAT_MS            how often it renews
//   JUDGE              a run: prints its verdict and ends
//   FILL               a file to write until the disk is full, before the renewals that are printed
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@putlogs/core/internal/runtime/clock';
import { Disk } from '@putlogs/core/internal/spool/disk';
import { ownerName } from '@putlogs/core/internal/spool/names';
import { readOwner } from '@putlogs/core/internal/spool/owner-file';
import { Ownership } from '@putlogs/core/internal/spool/ownership';

const { ROOT = '', RUN = '', BEAT_MS = '100', JUDGE, FILL } = process.env;

const disk = new Disk(false);
const ownership = new Ownership({
  disk,
  root: ROOT,
  run: RUN,
  instanceHash: '0'.repeat(16),
  destinationHashes: ['1'.repeat(16)],
  clock: systemClock,
  deadRuns: new Set(),
});

if (JUDGE !== undefined) void judge(JUDGE);
else void own();

async function judge(run: string): Promise<void> {
  print(`verdict ${await ownership.verdict(run)}`);
}

async function own(): Promise<void> {
  const failure = ownership.open();
  if (failure !== undefined) throw new Error(failure.message);
  print(`owns socket=${await ownership.socketReady}`);
  if (FILL !== undefined) renewOnFullDisk(FILL);
  else setInterval(() => ownership.renew(), Number(BEAT_MS));
}

function renewOnFullDisk(path: string): void {
  print(`full ${fill(path)}`);
  for (let i = 0; i < 3; i++) print(`renewal ${ownership.renew()?.code ?? 'done'}`);
  print(`beat ${beat()}`);
  print(`since ${Math.floor(ownership.sinceRenewalMs / 1000)} time only ${ownership.timeOnlyRenewals}`);
  ownership.close();
}

function beat(): number | undefined {
  const file = readOwner(disk, join(ROOT, ownerName(RUN)));
  return 'kind' in file ? undefined : file.owner?.beat;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fill(path: string): string {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(1024));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  } finally {
    closeSync(file);
  }
}
