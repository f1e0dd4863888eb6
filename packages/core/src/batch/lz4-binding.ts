// Loads the binding for LZ4 in an application without a bundler.
//
// The name stands in the call, so that tools which copy an application's files find the binding. A bundler gets
// lz4-bundled.ts in place of this file, by the condition `module` in package.json.

export type Lz4 = typeof import('lz4-napi');

/** @throws if there is no binding for this platform, or it is not installed */
export function loadBinding(): Lz4 {
  return require('lz4-napi') as Lz4;
}
