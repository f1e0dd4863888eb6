// The names of the files around a dead-letter file.
//
//   <file>                      the current file: writers append here
//   <file>.1                    the older file, renamed when the current one was full (rotation.ts)
//   <file>.replaying            the current file while a replay sends it (claim.ts)
//   <file>.1.replaying          the older file while a replay sends it
//   <file>.replaying.rest       those lines of <file>.replaying that stay, while the replay writes them
//   <file>.1.replaying.rest     the same for the older file
//   <file>.lock-<holder>        one replay (lock.ts)
//   <file>.rotating-<holder>    one process that renames these files, for a moment (lock.ts)

export function rotatedOf(file: string): string {
  return `${file}.1`;
}

/** Where the lines of a file are while a replay sends them. */
export function claimOf(file: string): string {
  return `${file}.replaying`;
}

export function restOf(claim: string): string {
  return `${claim}.rest`;
}

export function replayLockOf(file: string): string {
  return `${file}.lock-`;
}

export function rotationLockOf(file: string): string {
  return `${file}.rotating-`;
}
