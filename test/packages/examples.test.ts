// Examples that are installed for themselves: built as their README says, and run.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChildOptions } from '../support/child';
import { type Application, installedExample, newDirectory } from './application';
import { nodesFrom } from './nodes';
import { ship, shipFromServer } from './ship';

const BOTH = ['order read', 'order checked'];

async function succeed(application: Application, file: string, options: ChildOptions): Promise<void> {
  const { code, stdout, stderr } = await application.node(file, options);
  assert.equal(code, 0, stdout + stderr);
}

test('NestJS ships by nestjs-pino and by nest-winston', async () => {
  const application = await installedExample('nestjs');
  const cwd = application.directory;
  await succeed(application, 'node_modules/typescript/bin/tsc', {});
  for (const command of nodesFrom(22)) {
    for (const args of [['built/pino.js'], ['built/winston.js']]) {
      const { code } = await shipFromServer(['order read'], { cwd, command, args });
      assert.equal(code, 0);
    }
  }
});

test('tsx runs a server that ships by both loggers', async () => {
  const { directory: cwd } = await installedExample('tsx');
  for (const command of nodesFrom(20)) {
    const { code } = await shipFromServer(BOTH, { cwd, command, args: ['node_modules/tsx/dist/cli.mjs', 'server.ts'] });
    assert.equal(code, 0);
  }
});

test('a Vite SSR build, and its sources in development, ship by both loggers', async () => {
  const application = await installedExample('vite-ssr');
  const cwd = application.directory;
  const args = ['build', '--ssr', 'src/entry-server.js', '--outDir', 'dist/server'];
  await succeed(application, 'node_modules/vite/bin/vite.js', { args });
  for (const command of nodesFrom(20)) {
    const { code } = await shipFromServer(BOTH, { cwd, command, args: ['server.js'] });
    assert.equal(code, 0);
  }
  await shipFromServer(BOTH, { cwd, args: ['server.js', '--dev'] });
});

test('a single executable file ships by both loggers, with nothing beside it', async () => {
  const application = await installedExample('sea');
  await succeed(application, 'build.mjs', {});
  const cwd = newDirectory();
  cpSync(join(application.directory, 'dist/server'), join(cwd, 'server'));
  const { code } = await shipFromServer(BOTH, { cwd, command: join(cwd, 'server'), args: [] });
  assert.equal(code, 0);
});

/**
 * The parts of Electron that the example uses, with the documented order of its events. They have no window and no
 * browser: this shows that records are delivered by the time of the exit, and not that Electron runs the example.
 */
const ELECTRON = `
import { EventEmitter } from 'node:events';
class App extends EventEmitter {
  whenReady = async () => {};
  getPath = () => process.env.USER_DATA;
  getVersion = () => '1.0.0';
  quit = () => {
    let isStopped = false;
    this.emit('will-quit', { preventDefault: () => { isStopped = true; } });
    if (!isStopped) process.exit(0);
  };
}
export const app = new App();
export const ipcMain = new EventEmitter();
export class BrowserWindow {
  async loadURL() {
    ipcMain.emit('log', {}, { order: 17 });
    app.emit('window-all-closed');
  }
}
setInterval(() => {}, 60_000);
`;

test('Electron’s own binary runs the main process', {
  skip: 'the binary is not in the npm registry: Electron fetches it from another host at its first start',
});

test('the code of an Electron main process delivers its records before it quits', async () => {
  const application = await installedExample('electron');
  const module = join(application.directory, 'node_modules/electron');
  rmSync(module, { recursive: true });
  mkdirSync(module);
  writeFileSync(join(module, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(join(module, 'index.js'), ELECTRON);
  const userData = newDirectory();
  const env = { USER_DATA: userData };
  const { result, messages } = await ship(application, 'main.js', { env });
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.deepEqual(messages, ['application quits', 'application started', 'from a window']);
  assert.deepEqual(readdirSync(userData), ['spool']);
});
