// Installs the fake timers of node:test, a day behind.
require('node:test').mock.timers.enable({
  apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'],
  now: Date.now() - 86_400_000,
});
