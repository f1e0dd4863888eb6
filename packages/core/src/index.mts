// The same face for `import`.

export {
  createHost,
  createShipper,
  DROP_REASONS,
  type DropReason,
  type Host,
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
