// Logs with levels of its own, and ends at once as its argument says.
import pino from 'pino';

const logger = pino({ customLevels: { audit: 35 } }, pino.transport({ target: '@putlogs/pino' }));
for (let n = 0; n < 100; n += 1) logger.audit({ n });
if (process.argv[2] === 'exit') process.exit(0);
