// Preloaded: from the moment the file JUMP_AT exists, the wall clock of this thread is off by JUMP_MS.
const { existsSync } = require('node:fs');

const now = Date.now;
let jumped = false;
Date.now = () => {
  jumped ||= existsSync(process.env.JUMP_AT);
  return now() + (jumped ? Number(process.env.JUMP_MS) : 0);
};
