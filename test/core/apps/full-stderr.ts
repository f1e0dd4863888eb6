// An application whose stderr takes nothing. Its argument: how it ships. It ends with process.exit after its first
// warning.
//
// Stdout has a JSON text with the warnings of its life and the longest time for which its thread stood still.

import { createShipper, createWorkerShipper, type WarningCode } from '@putlogs/core';

const shipper = process.argv[2] === 'worker' ? createWorkerShipper() : createShipper();
const codes: WarningCode[] = [];
let longestMs = 0;
let lastMs = performance.now();
const watch = () => {
  longestMs = Math.max(longestMs, performance.now() - lastMs);
  lastMs = performance.now();
};
setInterval(watch, 1);
shipper.on('warning', ({ code }) => {
  codes.push(code);
  watch();
  process.stdout.write(`${JSON.stringify({ codes, longestMs })}\n`);
  setTimeout(() => process.exit(), 20);
});
shipper.write('{"message":"one"}');
