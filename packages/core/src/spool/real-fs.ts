// Node's file system for the spool, with one repair: `stat` of a FIFO or a socket must not disturb a later `require`.
//
// Node's realpath uses the result of the thread's last `stat`. If that was of a FIFO or a socket, realpath stops at a
// link (seen with Node 20.20). A package that is a link, as pnpm makes them, then does not find its dependencies. Other
// users, backups and administrators can leave such files in a spool. A `stat` of a directory afterwards makes the
// result harmless. Results with `bigint` have memory of their own and need no repair.

import nodeFs, { type BigIntStats, type Stats } from 'node:fs';

type Seen = Stats | BigIntStats | undefined;

function harmless<T extends Seen>(stat: T): T {
  if (stat?.isFIFO() || stat?.isSocket()) nodeFs.lstatSync('/');
  return stat;
}

/** Inherits all other functions: a copy of `node:fs` would read its deprecated names, and Node 24 warns of each. */
export const realFs: typeof nodeFs = Object.assign(Object.create(nodeFs) as typeof nodeFs, {
  lstatSync: (...of: Parameters<typeof nodeFs.lstatSync>) => harmless(nodeFs.lstatSync(...of)),
  fstatSync: (...of: Parameters<typeof nodeFs.fstatSync>) => harmless(nodeFs.fstatSync(...of)),
});
