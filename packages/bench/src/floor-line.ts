// The floor for transports on pino-abstract-transport: it reads parsed lines and discards them.

import build from 'pino-abstract-transport';

export default function discard() {
  return build(async (source) => {
    for await (const _record of source);
  });
}
