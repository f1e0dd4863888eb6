// Installs Sinon's fake timers, a day behind. Node's own streams and sockets depend on `nextTick`.
require('@sinonjs/fake-timers').install({ now: Date.now() - 86_400_000, toNotFake: ['nextTick', 'queueMicrotask'] });
