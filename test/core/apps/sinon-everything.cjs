// Installs Sinon's fake timers, a day behind: all that it can replace, `nextTick` too.
require('@sinonjs/fake-timers').install({ now: Date.now() - 86_400_000 });
