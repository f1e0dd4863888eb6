// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.
export {
  failOnLoss,
  type PinoLogger,
  type PinoTransport,
  type PinoTransportOptions,
  stats,
  target,
  transport,
  transport as default,
} from './index.js';
