// The same worker for `import`, which is how a bundler finds it. It re-exports the CommonJS module.
export { startWorker, startWorker as default } from './worker.js';
