// winston's own suite for transports, run under node:test.
import { createRequire } from 'node:module';
import * as nodeTest from 'node:test';
import PutlogsTransport from '@putlogs/winston';
import { type Emulator, optionsFor, startEmulator } from '../support/emulator';

let emulator: Emulator;
const made: PutlogsTransport[] = [];

nodeTest.before(async () => {
  emulator = await startEmulator();
});
nodeTest.after(async () => {
  await Promise.all(made.map((transport) => transport.flush()));
  for (const transport of made) transport.close();
  await emulator.close();
});

/**
 * The suite is of mocha's kind: it takes these from the global object, and calls back where node:test has a context.
 */
type Body = (done: (error?: unknown) => void) => void;
const calledBack = (body: Body) =>
  body.length === 0
    ? () => body(() => {})
    : () => new Promise<void>((resolve, reject) => body((error) => (error ? reject(error) : resolve())));
Object.assign(globalThis, {
  describe: nodeTest.describe,
  it: (name: string, body: Body) => nodeTest.it(name, calledBack(body)),
  beforeEach: (body: Body) => nodeTest.beforeEach(calledBack(body)),
  afterEach: (body: Body) => nodeTest.afterEach(calledBack(body)),
  after: (body: Body) => nodeTest.after(calledBack(body)),
});

class Recorded extends PutlogsTransport {
  constructor(options: ConstructorParameters<typeof PutlogsTransport>[0]) {
    super(options);
    made.push(this);
  }
}

const suite = createRequire(__filename)('abstract-winston-transport') as (options: object) => void;
for (const worker of [true, false]) {
  suite({
    name: `putlogs (worker: ${worker})`,
    Transport: Recorded,
    construct: () => ({ ...optionsFor(emulator), worker }),
  });
}
