// The tarballs by themselves: what is in them, and what two checkers of packages say of it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../support/pages';
import { fileOf, type PackedPackage, packedPackages } from './packed';

/** What a file of a tarball was made of, or undefined if it does not belong in one. */
function originOf(file: string): string | undefined {
  if (file === 'LICENSE') return '../../LICENSE';
  if (/^(package\.json|README\.md|bin\/[\w-]+\.js)$/.test(file)) return file;
  const built = /^dist\/(.+?)(?:\.d)?\.(m?)(?:js|ts)(?:\.map)?$/.exec(file);
  return built === null ? undefined : `src/${built[1]}.${built[2]}ts`;
}

/** Tests of these packages import single files of them. */
const WITH_ENTRIES_FOR_TESTS: readonly string[] = ['@putlogs/core', '@putlogs/winston'];

for (const packed of packedPackages()) {
  const { manifest, files, source } = packed;
  const { name } = manifest;

  test(`${name} has in its tarball the build of its sources, its licence, and nothing else`, () => {
    for (const file of ['LICENSE', 'README.md', 'package.json']) assert.ok(files.includes(file), `without ${file}`);
    for (const file of files) {
      const origin = originOf(file);
      assert.ok(origin !== undefined, `${file} does not belong there`);
      assert.doesNotMatch(origin, /test|fixture/, file);
      assert.ok(
        existsSync(join(source, origin)),
        `${file} was built of ${origin}, which is gone: remove dist, build again`,
      );
    }
  });

  test(`${name} has the sources in its source maps, and names no map that is not there`, () => {
    for (const file of files) {
      if (file.endsWith('.map')) {
        const { sources, sourcesContent } = JSON.parse(fileOf(packed, file)) as {
          sources: [];
          sourcesContent?: string[];
        };
        assert.equal(sourcesContent?.length, sources.length, file);
      } else if (file.startsWith('dist/')) {
        const map = /^\/\/# sourceMappingURL=(.*)$/m.exec(fileOf(packed, file))?.[1];
        if (map !== undefined) assert.ok(files.includes(join(file, '..', map)), `${file} names ${map}`);
      }
    }
  });

  test(`${name} says who may use it, from where, and on what`, () => {
    const { packageManager: _, ...workspace } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.match(manifest.version, /^\d+\.\d+\.\d+$/);
    assert.ok(manifest.description.length > 20);
    assert.ok(manifest.keywords.includes('putlogs'));
    assert.equal(manifest.license, workspace.license);
    assert.match(fileOf(packed, 'LICENSE'), new RegExp(`^${manifest.license} License\n[^]*${manifest.author}`));
    assert.deepEqual(manifest.engines, workspace.engines);
    assert.equal(manifest.sideEffects, false);
    assert.deepEqual(manifest.publishConfig, { access: 'public', provenance: true });
    // pnpm leaves out `prepack`, which says how to pack. Nothing runs on an install.
    assert.deepEqual(manifest.scripts ?? {}, {});
    assert.equal(manifest.devDependencies, undefined);
    for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
      // A native binding may break with a minor version. Two versions of our own packages may not be mixed.
      const isNative = dependency === 'lz4-napi';
      const isOwn = dependency.startsWith('@putlogs/');
      assert.match(range, isOwn ? /^\d+\.\d+\.\d+$/ : isNative ? /^~/ : /^\^/, `${dependency}: ${range}`);
    }
  });

  test(`${name} exports the same as in the workspace, except the entries for tests`, () => {
    const { exports = {} } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Pick<
      typeof manifest,
      'exports'
    >;
    const { './internal/*': internal, ...published } = exports;
    assert.deepEqual(manifest.exports ?? {}, published);
    assert.equal(internal !== undefined, WITH_ENTRIES_FOR_TESTS.includes(name));
  });

  test(`${name} has commands that are programs`, () => {
    for (const file of Object.values(manifest.bin ?? {}))
      assert.match(fileOf(packed, file), /^#!\/usr\/bin\/env node\n/);
  });

  test(`publint has nothing to say of ${name}`, async () => {
    const messages = await publintMessages(packed);
    assert.deepEqual(
      messages.filter((message) => !message.startsWith(BUNDLED_AS_COMMONJS)),
      [],
    );
  });

  test(`arethetypeswrong has nothing to say of ${name}`, async () => assert.deepEqual(await typeProblems(packed), []));
}

/**
 * Bundlers that know the condition also take CommonJS: bundlers.test.ts runs what they make of it. As an ES module, it
 * could not be required by our code.
 */
const BUNDLED_AS_COMMONJS = 'pkg.imports["#lz4"].module should be ESM';

async function publintMessages({ path }: PackedPackage): Promise<string[]> {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const { buffer, byteOffset, length } = readFileSync(path);
  const tarball = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + length);
  const { messages, pkg } = await publint({ pack: { tarball }, level: 'suggestion', strict: true });
  // publint writes colours if CI is set.
  return messages.map((message) => stripVTControlCharacters(formatMessage(message, pkg) ?? message.code));
}

async function typeProblems({ path, manifest }: PackedPackage): Promise<string[]> {
  const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core');
  const checked = await checkPackage(createPackageFromTarballData(readFileSync(path)));
  // A command has none, and needs none.
  const isCommand = Object.keys(manifest.exports ?? {}).every((entry) => entry === './package.json');
  if (!checked.types) return isCommand ? [] : ['no types'];
  return (
    checked.problems
      // The resolution of before Node 12 sees no `exports`, so nothing but the main entry; TypeScript 7 has it no more.
      .filter(
        (problem) =>
          !('resolutionKind' in problem && problem.resolutionKind === 'node10' && problem.entrypoint !== '.'),
      )
      .map((problem) => JSON.stringify(problem))
  );
}
