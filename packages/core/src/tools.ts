// The entry point for command-line tools, `@putlogs/core/tools`: it only exports what other files define.
//
// It serves to look after what transports have left, and how they are set up. An application that logs needs none of it.

export { compressor } from './batch/compress';
export { claimOf, rotatedOf } from './dead-letter/names';
export { allDeadLetters, type DeadLetter, type DeadLetterLine } from './dead-letter/reader';
export { contextWith } from './http/trust';
export { type LineStream, startLineStream } from './line-stream';
export {
  COMMON_FLAGS,
  type CommandLine,
  flagOf,
  flagsHelp,
  type OwnFlag,
  optionsHelp,
  readCommandLine,
} from './options/flags';
export { type Explained, explainOptions, type Given, type Origin, optionsOf, resolveOptions } from './options/resolve';
export { environmentName, type OptionLeaf, type Options, optionLeaves } from './options/schema';
export { type Probe, placeOf, probe } from './probe';
export { replaySpool, type SpoolReplay } from './replay';
export { type DeadLetterReplay, replayDeadLetters } from './replay-dead-letters';
export type { ReplayEnd, ReplayParts } from './resend';
export { elsewhereNotice, regionHint } from './spool/elsewhere';
export { type ExaminedSpool, examineSpool } from './spool/examine';
export { fileSystemNotice } from './spool/root';
export {
  type DamagedFile,
  damagedIn,
  destinationOf,
  ownerNamesIn,
  partsIn,
  runsIn,
  type SurveyedPart,
} from './spool/survey';
export { entriesOf, type Finding, type SurveyedEntry } from './spool/survey-entries';
export { lastUnfinishedOf } from './spool/survey-last';
export { type OwnerState, type Owners, ownersIn } from './spool/survey-owners';
export { type BatchLayout, readBatch, type WholeBatch } from './target/read-batch';
