// The same transport for `import`. Takes and gives what index.ts does; keeps nothing; never a second copy of it.
export { type PinoTransport, type PinoTransportOptions, stats, transport, transport as default } from './index.js';
