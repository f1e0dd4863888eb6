// The least that a transport on pino-abstract-transport can be: it reads parsed lines and throws them away.
import build from 'pino-abstract-transport';

export default function discard() {
  return build(async (source) => {
    for await (const _record of source);
  });
}
