// The same face for `import`.

export {
  addStats,
  createHost,
  createLineStream,
  createShipper,
  DROP_REASONS,
  type DropReason,
  type FlushOptions,
  type FlushResult,
  type Host,
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
} from './index.js';
