// Packs the public packages as they would be published: `npm run pack`.
//
// The tarballs lie in dist/, and the last line is the command that installs them in an application. They are packed by
// pnpm, which writes the version of each other package of ours in place of `workspace:*`. So they are installed
// together.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Names of the packages that are published. */
export const PUBLIC_NAMES = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}/package.json`)
  .filter((path) => existsSync(join(root, path)))
  .map(readJson)
  .filter((manifest) => manifest.private !== true)
  .map(({ name }) => name);

/** Writes a tarball for each public package. @throws with the output of pnpm */
export function packInto(directory) {
  const filters = PUBLIC_NAMES.flatMap((name) => ['--filter', name]);
  const pnpm = readJson('package.json').packageManager;
  const args = ['--yes', pnpm, '--recursive', ...filters, 'pack', '--pack-destination', directory];
  const { status, stdout, stderr } = spawnSync('npx', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`pnpm pack failed\n${stdout}${stderr}`);
}

/** Packages that an application installs for its logger. */
const LOGGERS = { pino: ['core', 'pino'], winston: ['core', 'winston'] };

function main() {
  const directory = join(root, 'dist');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  packInto(directory);
  const tarballs = readdirSync(directory);
  const pathOf = (name) =>
    join(
      directory,
      tarballs.find((tarball) => tarball.startsWith(`putlogs-${name}-`)),
    );
  const lines = tarballs.map((tarball) => `packed ${join(relative(process.cwd(), directory), tarball)}`);
  lines.push('', 'Run these in the directory of your application:');
  for (const [logger, names] of Object.entries(LOGGERS)) {
    lines.push(`for ${logger}`, `  npm install ${logger} ${names.map(pathOf).join(' ')}`);
  }
  const tools = ['core', 'cli', 'emulator'].map(pathOf).join(' ');
  lines.push('for the command putlogs and the emulator', `  npm install --save-dev ${tools}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
