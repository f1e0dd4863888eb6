// The same entry point for `import`. It re-exports the CommonJS module, so that there is one copy.

export { type ReportOptions, reportStats, type StatsSource } from './otel.js';
