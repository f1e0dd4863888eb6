// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.
export { PutlogsTransport, PutlogsTransport as default, type PutlogsTransportOptions } from './index.js';
