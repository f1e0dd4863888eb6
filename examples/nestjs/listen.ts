// What both services share: the address, and the end.

import type { INestApplication } from '@nestjs/common';

/** Listens, and ends by SIGTERM: requests are answered, then what was logged is delivered. */
export async function listen(application: INestApplication): Promise<void> {
  // Not `enableShutdownHooks()` alone: it ends by the signal itself, without the event 'exit', and records are lost.
  process.once('SIGTERM', async () => {
    await application.close();
    process.exit(0);
  });
  await application.listen(Number(process.env['PORT'] ?? 3000), process.env['HOST'] ?? '127.0.0.1');
  process.stdout.write(`listening on port ${new URL(await application.getUrl()).port}\n`);
}
