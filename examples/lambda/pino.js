// An AWS Lambda function that logs with pino; its handler is `pino.handler`.

import { transport } from '@putlogs/pino';
import pino from 'pino';

// In the function's own thread: a worker thread would be one more thing to start in a cold start, and is frozen as well.
const stream = await transport({
  // Each execution environment has a log stream of its own; the host name is the same in many.
  instance: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  // Lambda sends it only to functions with an extension, and then leaves 300 to 500 ms.
  handleSignals: ['SIGTERM'],
  closeTimeoutMs: 250,
});
const logger = pino(stream);

export async function handler(event, context) {
  const log = logger.child({ requestId: context.awsRequestId });
  try {
    log.info({ order: event.order }, 'order received');
    return { statusCode: 200 };
  } finally {
    // After the answer everything stands still until the next invocation, if there is one. What is not delivered within
    // the limit stays in memory and goes with that.
    await stream.flush({ timeoutMs: Math.min(2000, context.getRemainingTimeInMillis() - 500) });
  }
}
