// A function of Volcengine veFaaS that logs with pino to TLS. No hook before a freeze or the end is documented, so
// each request has to see to its own records.

const { transport } = require('@putlogs/pino');
const pino = require('pino');

let stream;
let logger;

/** Once, before the first request. */
exports.initializer = async function initializer() {
  // In the function's own thread: a worker thread would be one more thing to start in a cold start, and is frozen as well.
  stream = await transport();
  logger = pino(stream);
};

exports.handler = async function handler(event, context) {
  try {
    const { order } = JSON.parse(event.body);
    logger.info({ requestId: context.requestId, order }, 'order received');
    return { statusCode: 200, body: JSON.stringify({ order }) };
  } finally {
    // What is not delivered within the limit stays in memory, and goes with the next request.
    await stream.flush({ timeoutMs: 2000 });
  }
};
