// The committed WebAssembly is the one that its source compiles to.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = join(__dirname, '../../..');

test('the WebAssembly in record/wasm-bytes.ts is what packages/core/wasm compiles to: `npm run build:wasm`', async () => {
  const build = pathToFileURL(join(root, 'scripts/build-wasm.mjs')).href;
  const { wasmModule } = (await import(build)) as { wasmModule(): Promise<string> };
  assert.equal(readFileSync(join(root, 'packages/core/src/record/wasm-bytes.ts'), 'utf8'), await wasmModule());
});
