// The same transport for `import`. Takes and gives what index.ts does; keeps nothing; never a second copy of it.
export { PutlogsTransport, PutlogsTransport as default, type PutlogsTransportOptions } from './index.js';
