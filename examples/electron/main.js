// The main process: it makes the loggers when the application is ready, and delivers their records before it quits.

import { app, BrowserWindow, ipcMain } from 'electron';
import { createLoggers } from './loggers.js';

await app.whenReady();
const { pinoLogger, winstonLogger, flush } = createLoggers(app.getPath('userData'));

// A renderer has no threads and no key. It sends what it wants to log to the main process.
ipcMain.on('log', (_event, fields) => pinoLogger.info(fields, 'from a window'));

app.on('window-all-closed', () => app.quit());
winstonLogger.info('application started', { version: app.getVersion() });

// Electron does not wait for a promise, so the first quit is stopped, and repeated when the records are delivered.
let isFlushed = false;
app.on('will-quit', (event) => {
  if (isFlushed) return;
  event.preventDefault();
  pinoLogger.info('application quits');
  flush().finally(() => {
    isFlushed = true;
    app.quit();
  });
});

await new BrowserWindow({ width: 800, height: 600 }).loadURL('about:blank');
