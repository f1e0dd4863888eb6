// Preloaded: from the moment the file JUMP_AT exists, the wall clock of this thread is off by JUMP_MS.
//
// putlogs does not believe a Date that was replaced, so its own clock jumps too.
const { existsSync } = require('node:fs');
const { systemClock } = require('@putlogs/core/internal/runtime/clock');

const now = Date.now;
let jumped = false;
function jumpingNow() {
  jumped ||= existsSync(process.env.JUMP_AT);
  return now() + (jumped ? Number(process.env.JUMP_MS) : 0);
}
Date.now = jumpingNow;
systemClock.wallMs = jumpingNow;
