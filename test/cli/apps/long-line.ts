// Writes one line of so many bytes to stdout, then a short one.

import { writeSync } from 'node:fs';

const CHUNK = Buffer.from('中'.repeat(20_000));

for (let left = Number(process.argv[2]); left > 0; left -= CHUNK.length) writeSync(1, CHUNK);
writeSync(1, '\n{"n":1}\n');
