// A static page: `next build` renders it once. Nothing is sent for it.

import { pinoLogger } from '../loggers.js';

export default function Page() {
  pinoLogger.info('page rendered');
  return <p>orders</p>;
}
