// Compiles packages/core/wasm into packages/core/src/record/wasm-bytes.ts: `npm run build:wasm`.
//
// The bytes are base64 in a module because a bundler would leave out a file beside it. They are committed, so only
// a change of wasm/ needs the compiler. test/unit/wasm-bytes.test.ts fails if they are out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'packages/core');
const target = join(root, 'packages/core/src/record/wasm-bytes.ts');
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--memoryBase', '1024'];
const FEATURES = ['--enable', 'simd', '--enable', 'bulk-memory'];
const LINE_CHARACTERS = 112;

/** The compiler asks for its own library here also, and expects null for a file that is not there. */
function readFile(name) {
  const path = join(sources, name);
  return /^(wasm|src)\/[\w/-]+\.ts$/.test(name) && existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Compiles wasm/ and returns the text of wasm-bytes.ts. */
export async function wasmModule() {
  let wasm;
  const { error, stderr } = await asc.main(['wasm/record.ts', ...OPTIONS, ...FEATURES, '--outFile', 'record.wasm'], {
    readFile,
    writeFile: (_name, bytes) => {
      wasm = Buffer.from(bytes);
    },
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${error.message}\n${stderr}`);
  const lines = wasm.toString('base64').match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'));
  return [
    '// The compiled wasm/record.ts, written by `npm run build:wasm`. Not to be edited.',
    'export const WASM_BASE64 =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, await wasmModule());
