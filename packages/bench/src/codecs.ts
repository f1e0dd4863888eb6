// What each codec makes of a batch: `npm run bench:codecs`, on a Node with zstd.
//
// Prints a Markdown table for docs/operating.md: how many times smaller the records of a workload become, and the CPU
// time for 1 MiB of them. No record repeats the values of another one, because zstd would see that from far away. The
// codecs alternate, and the best of several runs of each counts, because a busy machine can only make a run slower.

import { compressor } from '@putlogs/core/internal/batch/compress';
import { zstd } from '@putlogs/core/internal/runtime/zstd';
import { distinctRecords } from './micro';
import { WORKLOAD_NAMES } from './workloads';

const MIB = 1024 * 1024;
const TURNS = 15;
const CODECS = [
  ['lz4', 1],
  ['zlib', 1],
  ['zlib', 6],
  ['zstd', 1],
  ['zstd', 3],
  ['zstd', 9],
] as const;

const bodies = WORKLOAD_NAMES.map(distinctRecords);
const codecs = CODECS.filter(([codec]) => codec !== 'zstd' || zstd() !== undefined);
if (codecs.length < CODECS.length) process.stdout.write(`${process.version} has no zstd: its rows are left out\n`);

process.stdout.write(`${cells(['`compression`', ...WORKLOAD_NAMES, 'CPU for 1 MiB of requests'])}\n`);
process.stdout.write(`${cells(['---', ...WORKLOAD_NAMES.map(() => '---:'), '---:'])}\n`);
const best = codecs.map(() => Number.POSITIVE_INFINITY);
const compress = codecs.map(([codec, level]) => compressor(codec, noLz4, level));
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const [at, run] of compress.entries()) {
    const startMs = performance.now();
    run(bodies[0]!);
    best[at] = Math.min(best[at]!, ((performance.now() - startMs) * MIB) / bodies[0]!.length);
  }
}
for (const [at, [codec, level]] of codecs.entries()) {
  const name = codec === 'lz4' ? `\`${codec}\`` : `\`${codec}\`, level ${level}`;
  const ratios = bodies.map((body) => (body.length / compress[at]!(body).body.length).toFixed(1));
  process.stdout.write(`${cells([name, ...ratios, `${best[at]!.toFixed(1)} ms`])}\n`);
}

function cells(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`;
}

function noLz4(reason: string): never {
  throw new Error(reason);
}
