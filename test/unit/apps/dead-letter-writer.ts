// Writes numbered records to a dead-letter file, as one of several processes; prints what became of the lines.
//
//   <file> <maxBytes> <name> <count>

import { batchOf, deadLetterFile, REFUSAL } from '../refused-batch';

const [file, maxBytes, name, count] = process.argv.slice(2) as [string, string, string, string];
const letters = deadLetterFile(file, { maxBytes: Number(maxBytes) });
const sum = { written: 0, lost: 0, evicted: 0 };
const problems = new Set<string>();
for (let n = 0; n < Number(count); n += 1) {
  const { written, lost, evicted, problem } = letters.put(batchOf(`${name} ${n}`), REFUSAL, n);
  sum.written += written;
  sum.lost += lost;
  sum.evicted += evicted;
  if (problem !== undefined) problems.add(problem);
}
letters.close();
process.stdout.write(`${JSON.stringify({ ...sum, problems: [...problems] })}\n`);
