// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.

export {
  addStats,
  createLineStream,
  createShipper,
  createWorkerShipper,
  DROP_REASONS,
  type DropReason,
  type FlushOptions,
  type FlushResult,
  type LineStream,
  PutlogsError,
  type PutlogsErrorCode,
  type PutlogsOptions,
  type RecordSink,
  type Shipper,
  type ShipperEvents,
  type Stats,
  type Warning,
  type WarningKind,
  type WorkerShipper,
} from './index.js';
