// The same worker for `import`, which is how a bundler finds it. Never a second copy of it.
export { startWorker, startWorker as default } from './worker.js';
