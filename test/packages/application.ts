// An application in a new directory outside the repository, installed from the tarballs.
//
// Every dependency has an exact version. Our packages depend on each other: the manifest overrides these dependencies,
// so that each of our packages comes from its tarball. The directory is removed when the test process ends.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type ChildOptions, type ChildResult, runChild } from '../support/child';
import { example } from '../support/examples';
import { root } from '../support/pages';
import { packedPackages } from './packed';
import { type Dependency, VERSIONS } from './versions';

export type Manager = 'npm' | 'pnpm';

export interface ApplicationParts {
  readonly manager: Manager;
  /** Names of putlogs packages and of others. Putlogs packages that these depend on are not in the list. */
  readonly dependencies: readonly (Dependency | `@putlogs/${string}`)[];
  /** A folder of test/packages/apps, or files by their names. */
  readonly files: string | Readonly<Record<string, string>>;
  /** Besides what every package.json here has. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

export interface Application {
  readonly directory: string;
  /** Runs node on a file of the application, or of its node_modules. */
  node(file: string, options?: ChildOptions): Promise<ChildResult>;
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };
const INSTALL_TIMEOUT_MS = 300_000;

const directories: string[] = [];
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Installs it; that takes seconds. */
export async function freshApplication(parts: ApplicationParts): Promise<Application> {
  const { manager, files, dependencies, manifest } = parts;
  const directory = newDirectory();
  if (typeof files === 'string') cpSync(join(root, 'test/packages/apps', files), directory, { recursive: true });
  else {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  }
  const known: Record<string, string> = { ...VERSIONS, ...ours() };
  const chosen = Object.fromEntries(dependencies.map((name) => [name, known[name]!]));
  await install(directory, manager, {
    name: 'application',
    version: '1.0.0',
    private: true,
    ...manifest,
    dependencies: chosen,
  });
  return applicationIn(directory);
}

/** Installs a copy of an application below examples/, with the versions that its package.json names. */
export async function installedExample(name: string): Promise<Application> {
  const directory = newDirectory();
  const built = ['node_modules', 'dist', 'built', '.next'];
  cpSync(example(name), directory, { recursive: true, filter: (path) => !built.includes(basename(path)) });
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
  for (const [dependency, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (dependency.startsWith('@putlogs/')) continue;
    assert.equal(version, VERSIONS[dependency as Dependency], `${name}: the version of ${dependency}`);
  }
  await install(directory, 'pnpm', manifest);
  return applicationIn(directory);
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A directory that is removed when the test process ends. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'putlogs-app-'));
  directories.push(directory);
  return directory;
}

function applicationIn(directory: string): Application {
  return {
    directory,
    node: (file, options = {}) => runChild(join(directory, file), { cwd: directory, ...options }),
  };
}

/** Our packages by name, each as its tarball. */
function ours(): Record<string, string> {
  return Object.fromEntries(packedPackages().map(({ manifest: { name }, path }) => [name, `file:${path}`]));
}

async function install(directory: string, manager: Manager, manifest: object): Promise<void> {
  const overrides = ours();
  const file = { ...manifest, ...(manager === 'npm' ? { overrides } : {}) };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(file, null, 2));
  // JSON is YAML.
  if (manager === 'pnpm') writeFileSync(join(directory, 'pnpm-workspace.yaml'), JSON.stringify({ overrides }));
  // No package of putlogs, and none of its dependencies, may need an install script.
  const flags = ['install', '--ignore-scripts', '--prefer-offline'];
  const { code, stdout, stderr } = await runChild('', {
    command: manager === 'npm' ? 'npm' : 'npx',
    args: manager === 'npm' ? [...flags, '--no-audit', '--no-fund'] : ['--yes', packageManager, ...flags],
    cwd: directory,
    // `npm run` passes on the settings of the repository's .npmrc and its own log level. An application has neither.
    // Some are installed by one version of Node and run on a newer one.
    env: { npm_config_engine_strict: 'false', npm_config_loglevel: 'warn' },
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
}
