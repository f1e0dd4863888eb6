// What the server renders.

import { pinoLogger, winstonLogger } from './loggers.js';

export function render(url) {
  const order = url.split('/').at(-1);
  pinoLogger.info({ order }, 'order read');
  winstonLogger.info('order checked', { order });
  return { order };
}
