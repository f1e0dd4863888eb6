// What both services share: the address, and the end.

import type { INestApplication } from '@nestjs/common';

export async function listen(application: INestApplication): Promise<void> {
  // SIGTERM lets the requests end. Without `useProcessExit`, NestJS then ends the process by the signal, and records
  // that were not sent yet are lost. `process.exit` waits for their delivery, for up to closeTimeoutMs.
  application.enableShutdownHooks([], { useProcessExit: true });
  await application.listen(Number(process.env['PORT'] ?? 3000), process.env['HOST'] ?? '127.0.0.1');
  process.stdout.write(`listening on port ${new URL(await application.getUrl()).port}\n`);
}
