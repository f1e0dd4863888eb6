// The ES module entry. It exports the objects of the CommonJS entry, so that both can be loaded in one process.

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
