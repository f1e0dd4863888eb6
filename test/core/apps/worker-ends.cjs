// Preloaded: ends every worker thread from within, as a library might that calls process.exit.
const { isMainThread } = require('node:worker_threads');
if (!isMainThread) setTimeout(() => process.exit(7), 300);
