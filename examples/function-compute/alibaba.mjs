// A function of Alibaba Cloud Function Compute that logs with pino to SLS. Its handler is `alibaba.handler`; the hooks are
// `alibaba.initialize`, `alibaba.preStop` and, in Function Compute 2.0, `alibaba.preFreeze`.

import { fileURLToPath } from 'node:url';
import { transport } from '@putlogs/pino';
import pino from 'pino';
import { remember } from './credentials.mjs';

let stream;
let logger;

/** Once, before the first request. */
export async function initialize(context) {
  remember(context.credentials);
  // In the function's own thread: a worker thread would be one more thing to start in a cold start, and is frozen as well.
  stream = await transport({
    target: 'aliyun-sls',
    region: context.region,
    instance: process.env.FC_INSTANCE_ID,
    // Those of the function's role, which change while the instance lives.
    credentials: { module: fileURLToPath(new URL('credentials.mjs', import.meta.url)) },
  });
  logger = pino(stream);
}

export async function handler(event, context) {
  remember(context.credentials);
  const { order } = JSON.parse(event.toString());
  try {
    logger.info({ requestId: context.requestId, order }, 'order received');
    return { order };
  } finally {
    // The instance may be frozen after the answer. What is not delivered within the limit goes with the next request.
    await stream.flush({ timeoutMs: 2000 });
  }
}

/** Before each freeze: what was logged beside the requests, and what is left of them. */
export async function preFreeze() {
  await stream.flush({ timeoutMs: 2000 });
}

/** Before the instance is destroyed: the last chance, so all the time that this hook was given. */
export async function preStop() {
  await stream.flush({ timeoutMs: 8000 });
}
