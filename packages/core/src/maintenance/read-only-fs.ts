// The file system for a tool that only reads a spool: a call that would change something fails with EROFS.
//
// The spool's own modules open some files for reading and writing before they write. Here these files are opened for
// reading, so that a spool on a read-only volume can be listed.

import { constants } from 'node:fs';
import type { SpoolFs } from '../spool/disk';
import { realFs } from '../spool/real-fs';

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const WRITING = O_WRONLY | O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;

export function readOnlyFs(fs: SpoolFs = realFs): SpoolFs {
  return {
    closeSync: fs.closeSync,
    fstatSync: fs.fstatSync,
    lstatSync: fs.lstatSync,
    readFileSync: fs.readFileSync,
    readSync: fs.readSync,
    readdirSync: fs.readdirSync,
    realpathSync: fs.realpathSync,
    statfsSync: fs.statfsSync,
    openSync: (path, flags) => fs.openSync(path, typeof flags === 'number' ? flags & ~WRITING : 'r'),
    fdatasyncSync: refuse,
    fsyncSync: refuse,
    ftruncateSync: refuse,
    mkdirSync: refuse,
    renameSync: refuse,
    rmdirSync: refuse,
    unlinkSync: refuse,
    utimesSync: refuse,
    writeSync: refuse,
    writevSync: refuse,
  };
}

function refuse(): never {
  throw Object.assign(new Error('a tool that only looks at a spool does not write'), { code: 'EROFS' });
}
