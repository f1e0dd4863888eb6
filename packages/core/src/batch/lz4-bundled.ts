// Loads the binding for LZ4 in a bundle: from the directory of the bundle, or of the process.
//
// A bundler cannot include a native binding, and the build of the application would fail at it. So no bundler may see
// which module is loaded here.

import { join } from 'node:path';
import type { Lz4 } from './lz4-binding';

/** @throws if the binding is not installed beside the bundle */
export function loadBinding(): Lz4 {
  const { createRequire } = process.getBuiltinModule('node:module');
  const beside = join(process.cwd(), 'bundle.js');
  try {
    // An ES module has no `__filename`.
    return createRequire(typeof __filename === 'string' ? __filename : beside)('lz4-napi') as Lz4;
  } catch {
    // Some bundlers write a path of their own into `__filename`.
    return createRequire(beside)('lz4-napi') as Lz4;
  }
}
