// The ES module face: the same objects as the CommonJS one, so that both may be loaded side by side.

export type {
  Emulator,
  EmulatorErrorCode,
  EmulatorOptions,
  EmulatorStats,
  FaultMatch,
  FaultReport,
  FaultRule,
  KeyValue,
  LogEntry,
  LogsQuery,
  ServiceName,
  ShardRange,
} from './index.js';
export { createEmulator, EmulatorError } from './index.js';
