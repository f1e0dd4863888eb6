// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.

export type * from './index.js';
export {
  addStats,
  commonLength,
  createLenientLineStream,
  createLineStream,
  createShipper,
  createUnstartedShipper,
  createWorkerShipper,
  DROP_REASONS,
  lostIn,
  markOf,
  PutlogsError,
  prepareShipper,
  prepareWorkerShipper,
  systemClock,
} from './index.js';
