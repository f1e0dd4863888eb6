// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.
export {
  failOnLoss,
  type PinoLogger,
  type PinoTransport,
  type PinoTransportOptions,
  stats,
  transport,
  transport as default,
} from './index.js';
