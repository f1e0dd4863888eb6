// Preloaded, as an application's instrumentation is: makes a host in whatever thread it is loaded into.
const { isMainThread, threadId } = require('node:worker_threads');
const { writeSync } = require('node:fs');
writeSync(1, `preloaded in ${isMainThread ? 'main' : `worker ${threadId}`}\n`);
const host = require('@putlogs/core').createWorkerShipper();
host.write(JSON.stringify({ from: isMainThread ? 'main' : 'worker' }));
