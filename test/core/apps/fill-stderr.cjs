// Fills its stderr until that takes no more, then runs another program with it: node fill-stderr.cjs <file> <arguments>.

const { spawn } = require('node:child_process');
const { writeSync } = require('node:fs');

// Node then makes it non-blocking, so that filling it ends. The child starts with a blocking one again.
void process.stderr;
for (const size of [1000, 1]) {
  try {
    for (;;) writeSync(2, 'x'.repeat(size));
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
}
const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });
process.on('SIGTERM', () => child.kill('SIGKILL'));
child.on('exit', (code) => process.exit(code ?? 1));
