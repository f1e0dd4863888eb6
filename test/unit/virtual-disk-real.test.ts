// The virtual disk against the real file system: the same operations on both.

import assert from 'node:assert/strict';
import nodeFs, { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SpoolFs } from '@putlogs/core/internal/spool/disk';
import fc from 'fast-check';
import { VirtualDisk } from '../support/virtual-disk';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

const PATHS = ['/a', '/b', '/a/b', '/b/a', '/a/c', '/a/b/c', '/l', '/l/b', '/a/../b', '/a/./b'];
const path = fc.constantFrom(...PATHS, `/${'n'.repeat(256)}`);
/** If both paths of an operation fail, the test does not compare which one the code names. */
const shortPath = fc.constantFrom(...PATHS);
const flag = (value: number) => fc.constantFrom(0, value);
const flags = fc
  .tuple(
    fc.constantFrom(O_RDONLY, O_WRONLY, O_RDWR, O_RDWR),
    fc.constantFrom(0, O_CREAT, O_CREAT),
    fc.constantFrom(0, 0, O_EXCL),
    flag(O_NOFOLLOW),
    fc.constantFrom(0, 0, 0, O_APPEND),
    fc.constantFrom(0, 0, 0, 0, O_TRUNC),
    fc.constantFrom(0, 0, 0, 0, 0, O_DIRECTORY),
  )
  .map((parts) => parts.reduce((all, part) => all | part))
  // What Linux does with a directory that should be made by open has changed between its versions.
  .filter((all) => (all & (O_CREAT | O_DIRECTORY)) !== (O_CREAT | O_DIRECTORY));
const position = fc.oneof(fc.constant(null), fc.nat({ max: 9000 }));
const slot = fc.nat({ max: 3 });
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('open'), slot, path, flags }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write'), slot, position, bytes: fc.nat({ max: 6000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('writev'), slot, position, bytes: fc.nat({ max: 6000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read'), slot, position, bytes: fc.nat({ max: 9000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('truncate'), slot, bytes: fc.nat({ max: 9000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fsync', 'fdatasync', 'fstat', 'readOpen'), slot }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mkdir'), path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename'), path: shortPath, to: shortPath }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('unlink', 'rmdir'), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('readdir', 'lstat', 'readFile', 'realpath'), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('utimes'), path, bytes: fc.nat({ max: 1e6 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('link'), path, target: fc.constantFrom('a', 'b', 'l', 'a/b', './b/a') }),
  },
);
interface Operation {
  readonly do: string;
  readonly slot?: number;
  readonly path?: string;
  readonly to?: string;
  readonly target?: string;
  readonly flags?: number;
  readonly position?: number | null;
  readonly bytes?: number;
}

interface Side {
  readonly fs: SpoolFs;
  readonly root: string;
  readonly link: (target: string, path: string) => void;
  readonly slots: (number | undefined)[];
}

function result(side: Side, operation: Operation, fill: number): unknown {
  try {
    return JSON.stringify(run(side, operation, fill)) ?? 'done';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code;
  }
}

function run(side: Side, { do: kind, slot = 0, path = '', to = '', ...rest }: Operation, fill: number): unknown {
  const { fs, slots, root } = side;
  const { flags = 0, position = null, bytes = 0, target = '' } = rest;
  const file = slots[slot];
  const at = root + path;
  if (kind === 'open') {
    if (file !== undefined) {
      slots[slot] = undefined;
      fs.closeSync(file);
    }
    slots[slot] = fs.openSync(at, flags, 0o600);
    return 'opened';
  }
  const data = Buffer.alloc(bytes, fill);
  const half = Math.floor(bytes / 2);
  if (file === undefined && rest.position !== undefined) return 'not open';
  switch (kind) {
    case 'write':
      return fs.writeSync(file!, data, 0, data.length, position);
    case 'writev':
      return fs.writevSync(file!, [data.subarray(0, half), data.subarray(half)], position ?? undefined);
    case 'read': {
      const count = fs.readSync(file!, data, 0, data.length, position);
      return [count, data.toString('latin1', 0, count)];
    }
    case 'mkdir':
      return fs.mkdirSync(at, { mode: 0o770 });
    case 'rename':
      return fs.renameSync(at, root + to);
    case 'unlink':
      return fs.unlinkSync(at);
    case 'rmdir':
      return fs.rmdirSync(at);
    case 'readdir':
      return fs.readdirSync(at).sort();
    case 'lstat':
      return shown(fs.lstatSync(at));
    case 'readFile':
      return fs.readFileSync(at, 'latin1');
    case 'realpath':
      return fs.realpathSync(at).slice(root.length).replace(/^\/$/, '');
    case 'utimes': {
      fs.utimesSync(at, bytes, bytes);
      // Opened, because lstat shows a link, and realpath takes `..` out of the text before it looks at links.
      const opened = fs.openSync(at, O_RDONLY | constants.O_NONBLOCK);
      const { mtimeMs } = fs.fstatSync(opened);
      fs.closeSync(opened);
      return mtimeMs;
    }
    case 'link':
      return side.link(target, at);
  }
  if (file === undefined) return 'not open';
  switch (kind) {
    case 'truncate':
      return fs.ftruncateSync(file, bytes);
    case 'fsync':
      return fs.fsyncSync(file);
    case 'fdatasync':
      return fs.fdatasyncSync(file);
    case 'fstat':
      return shown(fs.fstatSync(file));
    case 'readOpen':
      return fs.readFileSync(file, 'latin1');
  }
  throw new Error(kind);
}

function shown(stat: nodeFs.Stats): unknown {
  const kind = [stat.isFile(), stat.isDirectory(), stat.isSymbolicLink()];
  return [kind, stat.isDirectory() ? 0 : stat.size, stat.isSymbolicLink() ? 0 : stat.mode, stat.uid];
}

function treeOf(fs: SpoolFs, path: string): unknown {
  const stat = fs.lstatSync(path);
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFile()) return fs.readFileSync(path, 'latin1');
  return fs
    .readdirSync(path)
    .sort()
    .map((name) => [name, treeOf(fs, join(path, name))]);
}

const ON_LINUX = { skip: process.platform === 'linux' ? false : 'the virtual disk behaves as Linux does' };

test('random operations return the same results and codes as on the real file system', ON_LINUX, (t) => {
  const umask = process.umask(0o022);
  t.after(() => process.umask(umask));
  const codes = new Map<string, number>();
  const property = fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations: Operation[]) => {
    const directory = nodeFs.realpathSync(nodeFs.mkdtempSync(join(tmpdir(), 'virtual-disk-')));
    const disk = new VirtualDisk({ uid: process.getuid?.() ?? 0 });
    const virtual: Side = {
      fs: disk.processFs('p'),
      root: '/r',
      link: (target, at) => link(disk, target, at),
      slots: [],
    };
    virtual.fs.mkdirSync('/r');
    const real: Side = { fs: nodeFs, root: directory, link: nodeFs.symlinkSync, slots: [] };
    nodeFs.chmodSync(directory, 0o755);
    try {
      for (const [i, each] of operations.entries()) {
        const expected = result(real, each, 97 + (i % 26));
        const shortened = (text: unknown) => String(text).slice(0, 40);
        codes.set(shortened(expected), (codes.get(shortened(expected)) ?? 0) + 1);
        assert.equal(result(virtual, each, 97 + (i % 26)), expected, `operation ${i}: ${JSON.stringify(each)}`);
      }
      assert.deepEqual(treeOf(virtual.fs, '/r'), treeOf(nodeFs, directory));
    } finally {
      for (const file of real.slots) if (file !== undefined) nodeFs.closeSync(file);
      nodeFs.rmSync(directory, { recursive: true });
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 600 });
  const expected = ['EEXIST', 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EISDIR', 'EINVAL', 'ELOOP', 'EBADF', 'ENAMETOOLONG'];
  for (const code of expected) assert.ok(codes.has(code), `${code} has occurred`);
  t.diagnostic(`FUZZ_SEED=${SEED}; ${expected.map((code) => `${code} ${codes.get(code)}`).join(', ')}`);
});

function link(disk: VirtualDisk, target: string, path: string): void {
  // The real call looks at the path first.
  const probe = disk.clone().processFs('probe');
  probe.mkdirSync(path);
  disk.makeLink(target, path);
}
