// Preloaded: kills its process at one of its calls to the file system below the directory KILL_IN.
//
//   KILL_AT = <n> before    right before its n-th call
//   KILL_AT = <n> torn      in the middle of its n-th write: the first half of the bytes is in the file
//
// The kill is SIGKILL, so nothing of the process runs afterwards. With KILL_COUNT, a process that ends by itself writes into
// that file how many calls and writes it made.

const fs = require('node:fs');

const { KILL_IN, KILL_AT, KILL_COUNT } = process.env;
const [nth, how] = (KILL_AT ?? '0 before').split(' ');
const descriptors = new Set();
const calls = { before: 0, torn: 0 };

const CALLS = [
  'openSync',
  'closeSync',
  'mkdirSync',
  'readdirSync',
  'realpathSync',
  'lstatSync',
  'fstatSync',
  'readSync',
  'writeSync',
  'writevSync',
  'ftruncateSync',
  'fdatasyncSync',
  'fsyncSync',
  'renameSync',
  'unlinkSync',
  'rmdirSync',
  'utimesSync',
];
const { writeFileSync } = fs;
if (KILL_COUNT !== undefined) process.on('exit', () => writeFileSync(KILL_COUNT, JSON.stringify(calls)));

const WRITES = { writeSync: writeHalf, writevSync: writevHalf };

function isOurs(target) {
  return typeof target === 'number' ? descriptors.has(target) : String(target).startsWith(KILL_IN);
}

for (const name of CALLS) {
  const original = fs[name];
  const half = WRITES[name];
  fs[name] = (target, ...rest) => {
    if (isOurs(target)) {
      calls.before += 1;
      if (half !== undefined) calls.torn += 1;
      if ((how === 'before' || half !== undefined) && calls[how] === Number(nth)) {
        if (how === 'torn') half(original, target, ...rest);
        process.kill(process.pid, 'SIGKILL');
      }
    }
    const result = original(target, ...rest);
    if (name === 'openSync' && isOurs(target)) descriptors.add(result);
    if (name === 'closeSync') descriptors.delete(target);
    return result;
  };
}

function writeHalf(write, file, data, offset, length, position) {
  if (typeof data === 'string') return write(file, data.slice(0, data.length >> 1), offset);
  return write(file, data, offset, (length ?? data.length) >> 1, position);
}

function writevHalf(_writev, file, parts, position) {
  const all = Buffer.concat(parts);
  return fs.writeSync(file, all.subarray(0, all.length >> 1), 0, all.length >> 1, position);
}
