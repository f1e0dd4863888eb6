// The tarballs that would be published: their manifests and their files.
//
// scripts/test-packages.mjs packs them. A package's folder is never read in place of its tarball.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../support/pages';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly author: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly sideEffects?: boolean;
  readonly publishConfig: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: unknown;
  readonly devDependencies?: unknown;
}

export interface PackedPackage {
  /** Of the tarball. */
  readonly path: string;
  /** The same, unpacked. */
  readonly contents: string;
  readonly manifest: Manifest;
  /** Relative to the package, sorted. */
  readonly files: readonly string[];
  /** The folder in the workspace it was made of. */
  readonly source: string;
}

export function packedPackages(): PackedPackage[] {
  const directory = process.env['TEST_PACKED'];
  if (directory === undefined) throw new Error('nothing is packed: run `npm run test:packages`');
  return readdirSync(directory)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => {
      const path = join(directory, name);
      const contents = join(path.replace(/\.tgz$/, ''), 'package');
      const manifest = JSON.parse(readFileSync(join(contents, 'package.json'), 'utf8')) as Manifest;
      const files = readdirSync(contents, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(contents, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
      return { path, contents, manifest, files: files.sort(), source: sourceOf(manifest.name) };
    });
}

/** One file's text. */
export function fileOf({ contents }: PackedPackage, file: string): string {
  return readFileSync(join(contents, file), 'utf8');
}

function sourceOf(name: string): string {
  const packages = join(root, 'packages');
  const found = readdirSync(packages)
    .map((folder) => join(packages, folder))
    .find((folder) => {
      const manifest = join(folder, 'package.json');
      return existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as Manifest).name === name;
    });
  if (found === undefined) throw new Error(`${name} is no package of the workspace`);
  return found;
}
