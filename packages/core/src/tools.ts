// The entry point for command lines, `@putlogs/core/tools`. It only exports what other files define.
//
// Command lines manage spools and dead letters with it, and check a configuration. An application that logs does not
// need it.

export { compressor } from './batch/compress';
export { claimOf, rotatedOf } from './dead-letter/names';
export { allDeadLetters, type DeadLetter, type DeadLetterLine } from './dead-letter/reader';
export { contextWith } from './http/trust';
export { createIndex } from './maintenance/create-index';
export { examineSpool } from './maintenance/examine';
export { type Looked, type Looking, lookWith } from './maintenance/look';
export { placeOf, probe, sentNames } from './maintenance/probe';
export { replayDeadLetters } from './maintenance/replay-dead-letters';
export { replaySpool } from './maintenance/replay-spool';
export type { ReplayEnd, ReplayParts } from './maintenance/resend';
export { type SeenProcess, StatusReader, type StatusReading, type StatusState } from './maintenance/statuses';
export {
  type DamagedFile,
  damagedIn,
  destinationOf,
  ownerNamesIn,
  partsIn,
  runsIn,
  type SurveyedPart,
  spoolRoot,
} from './maintenance/survey';
export { entriesOf, type Finding, type SurveyedEntry } from './maintenance/survey-entries';
export { lastUnfinishedOf } from './maintenance/survey-last';
export { type Owners, ownersIn } from './maintenance/survey-owners';
export { COMMON_FLAGS, type CommandLine, flagOf, type OwnFlag, readCommandLine } from './options/flags';
export { type HelpPage, type HelpText, helpOf, optionsPage, optionTopics, twoColumns } from './options/help';
export { environmentName, optionLeaves } from './options/leaves';
export { type Explained, explainOptions, type Origin, optionsOf } from './options/resolve';
export type { Options } from './options/schema';
export { startLineStream } from './shipper/line-stream';
export { elsewhereNotice } from './spool/elsewhere';
export { fileSystemNotice } from './spool/root';
export { type Coverage, coverageOf, type IndexFacts } from './targets/look';
export { readBatch } from './targets/read-batch';
export { outsideText } from './telemetry/outside-text';
