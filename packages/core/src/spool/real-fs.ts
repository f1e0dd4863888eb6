// Node's file system for the spool, with one repair: a look at a FIFO or a socket must not disturb a later `require`.
//
// Node's realpath reads the result of the thread's last `stat` again, and stops at a link if that was of a FIFO or a
// socket (seen with 20.20). The next `require` of a package that is a link, as pnpm makes them, would then not find
// what it depends on. Other users, backups and administrators can leave such files in a spool. A look at a directory
// behind it makes the result harmless. Results with `bigint` have a place of their own and need no repair.

import nodeFs, { type BigIntStats, type Stats } from 'node:fs';

type Seen = Stats | BigIntStats | undefined;

function harmless<T extends Seen>(stat: T): T {
  if (stat?.isFIFO() || stat?.isSocket()) nodeFs.lstatSync('/');
  return stat;
}

/** All else is inherited: a copy of `node:fs` would read its deprecated names, and Node 24 warns of each. */
export const realFs: typeof nodeFs = Object.assign(Object.create(nodeFs) as typeof nodeFs, {
  lstatSync: (...of: Parameters<typeof nodeFs.lstatSync>) => harmless(nodeFs.lstatSync(...of)),
  fstatSync: (...of: Parameters<typeof nodeFs.fstatSync>) => harmless(nodeFs.fstatSync(...of)),
});
