// The benchmark of the spool: `npm run bench:spool [-- --entries N]`. A ratio compares turns that alternate within one
// run.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAppend } from './append';
import { measureDrain } from './drain';
import { measureStart, type StartRow, type Thread } from './start';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } });
  const stub = fork(join(__dirname, 'stub.js'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve) =>
    stub.stdout!.once('data', (text: Buffer) => resolve(Number(text))),
  );
  try {
    for (const { bytes, microsOurs, microsFloor, ratio } of measureAppend()) {
      print(
        `append ${bytes} B: ${microsOurs.toFixed(2)} us, checksum and writes alone ${microsFloor.toFixed(2)} us: ${ratio.toFixed(2)}`,
      );
    }
    for (const { bytes, answerMs, perSecondDisk, perSecondMemory, ratio } of await measureDrain(port)) {
      print(
        `drain ${bytes} B, answers after ${answerMs} ms: ${perSecondDisk.toFixed(0)}/s, from memory ${perSecondMemory.toFixed(0)}/s: ${ratio.toFixed(2)}`,
      );
    }
    for (const thread of ['here', 'worker'] as const) {
      printStart(thread, await measureStart(port, Number(values.entries), thread));
    }
  } finally {
    stub.disconnect();
  }
}

function printStart(thread: Thread, { full, empty, logging, arrived, drainSeconds }: StartRow): void {
  const where = thread === 'here' ? "in the application's thread" : 'in a worker';
  print(`start ${where} with ${full.entries} batches in ${full.segments} segments:`);
  print(`  shipper created in ${full.createMs.toFixed(1)} ms (empty ${empty.createMs.toFixed(1)})`);
  print(
    `  longest stall of the event loop ${full.longestStallMs.toFixed(1)} ms (empty ${empty.longestStallMs.toFixed(1)})`,
  );
  print(
    `  peak RSS ${full.rssMiB.toFixed(0)} MiB (empty ${empty.rssMiB.toFixed(0)}, logging as many records ${logging.rssMiB.toFixed(0)})`,
  );
  print(`  write ${full.writeMicros.toFixed(2)} us a record (empty ${empty.writeMicros.toFixed(2)})`);
  print(`  ${JSON.stringify(arrived)} in ${drainSeconds.toFixed(1)} s`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
