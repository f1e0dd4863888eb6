// The face of the package. What is not exported here may change with any version.

export { addStats, DROP_REASONS, type DropReason, type Stats } from './account';
export { PutlogsError, type PutlogsErrorCode } from './errors';
export { createHost, type Host } from './host';
export { createLineStream, type LineStream } from './line-stream';
export type { PutlogsOptions } from './options/schema';
export { createShipper, type RecordSink, type Shipper, type ShipperEvents } from './shipper';
export type { Warning, WarningKind } from './tell';
