// The same door for `import`.

export { type ReportOptions, reportStats, type StatsSource } from './otel.js';
