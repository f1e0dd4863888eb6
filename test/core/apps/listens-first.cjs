// A preload script that listens to the messages of each worker before the code of the worker does, as agents do.
const { isMainThread, parentPort } = require('node:worker_threads');

if (!isMainThread) parentPort.on('message', () => {});
