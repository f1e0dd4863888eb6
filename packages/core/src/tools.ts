// The entry point for command-line tools, `@putlogs/core/tools`: it only exports what other files define.
//
// Command lines use it to manage spools and dead letters and to check a configuration. An application that logs does
// not need it.

export { compressor } from './batch/compress';
export { claimOf, rotatedOf } from './dead-letter/names';
export { allDeadLetters, type DeadLetter, type DeadLetterLine } from './dead-letter/reader';
export { contextWith } from './http/trust';
export { type ExaminedSpool, examineSpool } from './maintenance/examine';
export { type Probe, placeOf, probe } from './maintenance/probe';
export { type DeadLetterReplay, replayDeadLetters } from './maintenance/replay-dead-letters';
export { replaySpool, type SpoolReplay } from './maintenance/replay-spool';
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
export { type OwnerState, type Owners, ownersIn } from './maintenance/survey-owners';
export { COMMON_FLAGS, type CommandLine, flagOf, type OwnFlag, readCommandLine } from './options/flags';
export { flagsHelp, optionsHelp } from './options/help';
export { environmentName, type OptionLeaf, optionLeaves } from './options/leaves';
export { type Explained, explainOptions, type Given, type Origin, optionsOf, resolveOptions } from './options/resolve';
export type { Options } from './options/schema';
export { type LineStream, startLineStream } from './shipper/line-stream';
export { elsewhereNotice, regionHint } from './spool/elsewhere';
export { fileSystemNotice } from './spool/root';
export { readBatch, type WholeBatch } from './targets/read-batch';
export type { BodyLayout } from './targets/target';
export { outsideText } from './telemetry/outside-text';
