// Preloaded: each call to the file system below the directory SLOW_DIR takes a millisecond longer, as on a network volume.

const fs = require('node:fs');

const { SLOW_DIR } = process.env;
const cell = new Int32Array(new SharedArrayBuffer(4));
const descriptors = new Set();
const CALLS = ['openSync', 'closeSync', 'mkdirSync', 'readdirSync', 'lstatSync', 'fstatSync', 'readSync', 'writeSync'];
const MORE = ['writevSync', 'ftruncateSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'utimesSync'];

for (const name of [...CALLS, ...MORE]) {
  const original = fs[name];
  fs[name] = (target, ...rest) => {
    const isSlow = typeof target === 'number' ? descriptors.has(target) : String(target).startsWith(SLOW_DIR);
    if (isSlow) Atomics.wait(cell, 0, 0, 1);
    const result = original(target, ...rest);
    if (name === 'openSync' && isSlow) descriptors.add(result);
    if (name === 'closeSync') descriptors.delete(target);
    return result;
  };
}
