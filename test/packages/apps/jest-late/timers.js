// jsdom has timers of its own, and no setImmediate. winston and thread-stream need Node's.
Object.assign(globalThis, require('node:timers'));
