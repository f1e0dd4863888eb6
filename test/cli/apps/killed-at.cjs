// Preloaded: kills its process at the n-th call to the file system that touches the dead-letter file, right before the
// call or right after it. KILL_AT is `<n> before` or `<n> after`. With KILL_COUNT, a process that ends by itself writes into
// that file how many such calls it made.

const fs = require('node:fs');

const [nth, when] = process.env.KILL_AT.split(' ');
const descriptors = new Set();
let calls = 0;

const { KILL_COUNT } = process.env;
if (KILL_COUNT !== undefined) process.on('exit', () => fs.writeFileSync(KILL_COUNT, JSON.stringify({ all: calls })));

function isOurs(target) {
  return typeof target === 'number' ? descriptors.has(target) : String(target).includes('dead.ndjson');
}

for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'linkSync', 'unlinkSync', 'rmSync']) {
  const original = fs[name];
  fs[name] = (target, ...rest) => {
    const isDue = isOurs(target) && ++calls === Number(nth);
    if (isDue && when === 'before') process.kill(process.pid, 'SIGKILL');
    try {
      const result = original(target, ...rest);
      if (name === 'openSync' && isOurs(target)) descriptors.add(result);
      return result;
    } finally {
      // A call that fails is a moment like any other.
      if (isDue) process.kill(process.pid, 'SIGKILL');
    }
  };
}
