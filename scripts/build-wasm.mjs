// Builds packages/core/wasm/record.ts into packages/core/src/record/wasm-bytes.ts: `npm run build:wasm`.
//
// The bytes stand in a module, and not in a file beside it, so that they are there in every bundle. They are kept in
// the repository: who changes nothing in wasm/ needs no compiler, and test/unit/wasm.test.ts says when they are old.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(import.meta.dirname, '..');
const sources = join(root, 'packages/core/wasm');
const target = join(root, 'packages/core/src/record/wasm-bytes.ts');
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--memoryBase', '1024'];
const FEATURES = ['--enable', 'simd', '--enable', 'bulk-memory'];
const LINE_CHARACTERS = 112;

/** What wasm/record.ts compiles to, as the text of a module. */
export async function wasmModule() {
  let wasm;
  const { error, stderr } = await asc.main(['record.ts', ...OPTIONS, ...FEATURES, '--outFile', 'record.wasm'], {
    readFile: (name) => (name === 'record.ts' ? readFileSync(join(sources, name), 'utf8') : null),
    writeFile: (_name, bytes) => {
      wasm = Buffer.from(bytes);
    },
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${error.message}\n${stderr}`);
  const lines = wasm.toString('base64').match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'));
  return [
    '// What wasm/record.ts was built into, by `npm run build:wasm`. Not to be edited.',
    'export const WASM_BASE64 =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, await wasmModule());
