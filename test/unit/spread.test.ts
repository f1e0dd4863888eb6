// A rule for the whole repository: no array of unbounded length is spread into the arguments of a call.
//
// An engine puts arguments on the stack. `push(...xs)`, `Math.max(...xs)` and `f.apply(x, xs)` with a hundred thousand
// values throw a RangeError in the application, in the very moment in which much is pending. Use a loop or `reduce`.
// Every source file is parsed with TypeScript's own parser.
//
// Allowed are the rest parameter of the function around the call (it was an argument list before), string literals and
// array literals, and what is listed in BOUNDED.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Node, SourceFile } from 'typescript/unstable/ast' with { 'resolution-mode': 'import' };
import { temporaryDirectory } from '../support/directory';

/** Spreads that have a handful of elements by their source. One that is gone from the source is to be removed here. */
const BOUNDED = [
  // The layouts of two rules of names.
  'test/fuzz/long-line.test.ts: ...LAYOUTS',
  // A path's parts, fixed for each chain of credentials.
  'packages/core/src/options/credential-chain.ts: ...chain.profileFile',
  'packages/core/src/options/credential-chain.ts: ...profileFile',
  // The cloud services that the emulator knows.
  'packages/emulator/src/service.ts: ...this.#vendors.map(({ largestBodyBytes }) => largestBodyBytes)',
  // The arguments of one test case.
  'test/emulator/cli.test.ts: ...args',
  // The names of a constant.
  'test/fuzz/transcode.test.ts: ...Object.keys(TIMES)',
  // Kinds of hostile values, of a constant.
  'test/fuzz/hostile.test.ts: ...kindNames',
  'test/fuzz/winston-values.ts: ...THROWN',
  'test/fuzz/winston-values.ts: ...OTHER_REALM',
  // The arguments of one call of the logger, as pino hands them over.
  'test/pino/apps/blocked-worker.ts: method.apply(this, args)',
  // Two numbers.
  'test/soak/turmoil.ts: ...LONG_AWAY_MS',
  // The records of one test case: at most some thousands.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
  'test/unit/dead-letter.test.ts: ...Array.from({ length: 40 }, (_, n) => `${n}`)',
  'test/unit/refusals.test.ts: ...batches',
  "test/unit/refusals.test.ts: ...Array.from({ length: 5000 }, () => 'a')",
  'test/unit/refusals.test.ts: ...bad',
  "test/unit/refusals.test.ts: ...Array.from({ length: 100 }, () => 'EFGH')",
  // The paths of a constant.
  'test/unit/virtual-disk-real.test.ts: ...PATHS',
  // Two dates.
  'test/interop/sls-reader.ts: ...between',
  // Arguments of openssl.
  'test/support/certificates.ts: ...KEY',
  'test/support/certificates.ts: ...authority',
  // An event and a context.
  'test/support/function-bootstrap.mts: ...given',
];

const ROOT = join(__dirname, '../../..');
const FOLDERS = ['packages', 'test', 'scripts', 'examples'];

async function parser() {
  const { API } = await import('typescript/unstable/sync');
  const ast = await import('typescript/unstable/ast');
  const { SyntaxKind } = ast;
  const directory = temporaryDirectory('spread');

  /** Parses the files, each by itself: no imports, no types. */
  function parse(files: readonly string[]): { sources: SourceFile[]; close: () => void } {
    const config = join(directory, 'tsconfig.json');
    const compilerOptions = { allowJs: true, noResolve: true, noLib: true, types: [], noEmit: true };
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    const api = new API({ cwd: directory });
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    const sources = files.map((file) => {
      const source = project?.program.getSourceFile(file);
      assert.ok(source, `${file} is parsed`);
      return source;
    });
    return { sources, close: () => api.close() };
  }

  /** The text of each spread argument, and of each call of `apply`, whose length nothing bounds. */
  function unbounded(source: SourceFile): string[] {
    const found: string[] = [];
    const textOf = (node: Node) => source.text.slice(node.pos, node.end).trim().replace(/\s+/g, ' ');
    const visit = (node: Node, rests: readonly string[]): void => {
      const here = [...rests, ...restOf(node)];
      if (ast.isCallExpression(node) || ast.isNewExpression(node)) {
        for (const argument of node.arguments ?? []) {
          if (ast.isSpreadElement(argument) && !isBounded(argument.expression, here)) found.push(textOf(argument));
        }
      }
      if (ast.isCallExpression(node) && isApply(node.expression)) found.push(textOf(node));
      node.forEachChild((child) => visit(child, here));
    };
    const restOf = (node: Node): string[] => {
      const names: string[] = [];
      node.forEachChild((child) => {
        if (ast.isParameterDeclaration(child) && child.dotDotDotToken !== undefined) names.push(textOf(child.name));
      });
      return names;
    };
    const isBounded = (value: Node, rests: readonly string[]): boolean => {
      if (ast.isIdentifier(value)) return rests.includes(textOf(value));
      if (ast.isArrayLiteralExpression(value)) {
        return value.elements.every((element) => !ast.isSpreadElement(element) || isBounded(element.expression, rests));
      }
      return value.kind === SyntaxKind.StringLiteral || value.kind === SyntaxKind.NoSubstitutionTemplateLiteral;
    };
    const isApply = (callee: Node) => {
      if (!ast.isPropertyAccessExpression(callee)) return false;
      return /^(Reflect\.(apply|construct)|.*\.apply)$/s.test(textOf(callee));
    };
    visit(source, []);
    return found;
  }

  return { parse, unbounded, directory };
}

test('no array of unbounded length is spread into a call', async () => {
  const { parse, unbounded } = await parser();
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...FOLDERS], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const files = listed.split('\n').filter((file) => /(?<!\.d)\.[cm]?[jt]s$/.test(file) && existsSync(join(ROOT, file)));
  assert.ok(files.length > 300, `${files.length} files`);
  const { sources, close } = parse(files.map((file) => join(ROOT, file)));
  const found = sources.flatMap((source, at) => unbounded(source).map((text) => `${files[at]}: ${text}`));
  close();
  assert.deepEqual(
    found.filter((spread) => !BOUNDED.includes(spread)),
    [],
    'use a loop, `concat` or `reduce`',
  );
  assert.deepEqual(
    BOUNDED.filter((spread) => !found.includes(spread)),
    [],
    'these are not in the source any more',
  );
});

const SAMPLES: Record<string, readonly string[]> = {
  'xs.push(...ys); xs.unshift(1, ...ys.map((y) => y));': ['...ys', '...ys.map((y) => y)'],
  'new Set(...xs); Math.max(...[1, ...xs]);': ['...xs', '...[1, ...xs]'],
  'String.fromCharCode.apply(null, xs); Reflect.apply(f, null, xs);': [
    'String.fromCharCode.apply(null, xs)',
    'Reflect.apply(f, null, xs)',
  ],
  'const text = `a ${f(...xs)} // ${"..."}`; const r = /f(...x)/;': ['...xs'],
  '// f(...xs)\nconst text = "f(...xs)"; const all = [...xs]; const copy = { ...x };': [],
  'const g = (...args) => f(...args); function h(a, ...rest) { return () => f(a, ...rest); }': [],
  'const g = (...args) => args; f(...args);': ['...args'],
  'fc.constantFrom(..."abc"); f(...[1, 2]);': [],
  'xs?.push?.(...ys); super_(...ys);': ['...ys', '...ys'],
};

test('the check finds a spread wherever it stands, and nothing in texts, comments and array literals', async () => {
  const { parse, unbounded, directory } = await parser();
  mkdirSync(directory, { recursive: true });
  const files = Object.keys(SAMPLES).map((text, at) => {
    const file = join(directory, `sample-${at}.ts`);
    writeFileSync(file, text);
    return file;
  });
  const { sources, close } = parse(files);
  assert.deepEqual(sources.map(unbounded), Object.values(SAMPLES));
  close();
});
