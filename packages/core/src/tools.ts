// The door for command-line tools, ours and others': `@putlogs/core/tools`. It only gives on what stands elsewhere.
//
// What is here is for looking after what the transports have left and how they are set up. An application that logs needs
// none of it.

export { compressor } from './batch/compress';
export { contextWith } from './delivery/connections';
export { type LineStream, startLineStream } from './line-stream';
export { isLoopback } from './loopback';
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
export {
  type DeadLetterReplay,
  type ReplayEnd,
  type ReplayParts,
  replayDeadLetters,
  replaySpool,
  type SpoolReplay,
} from './replay';
export { claimOf } from './spool/dead-letter-claim';
export { type DeadLetter, type DeadLetterLine, deadLettersIn } from './spool/dead-letter-lines';
export {
  destinationHash,
  readSpoolFile,
  type Survey,
  type SurveyedFile,
  type SurveyedPart,
  surveySpool,
} from './spool/survey';
export { type BatchLayout, readBatch, type WholeBatch } from './target/read-batch';
