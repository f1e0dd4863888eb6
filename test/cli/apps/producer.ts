// An application at the other end of a pipe: writes so many numbered lines, or, asked for `endless`, lines until
// SIGINT and then one more.

import { writeSync } from 'node:fs';
import { START_MS } from '../../support/start-time';

let n = 0;
const line = (more = {}) => JSON.stringify({ time: START_MS + n, instance: 'pipe', n: n++, ...more });

if (process.argv[2] === 'endless') {
  const writing = setInterval(() => writeSync(1, `${line()}\n`), 1);
  process.once('SIGINT', () => {
    clearInterval(writing);
    // Later than the reader of the pipe, which has the same signal.
    setTimeout(() => writeSync(1, `${line({ last: true })}\n`), 50);
  });
} else {
  const count = Number(process.argv[2]);
  while (n < count) process.stdout.write(`${line()}\n`);
}
