// Closes shippers on a signal (`handleSignals`), then ends the process by the same signal.
//
// So the sender of the signal sees the exit status that it expects. One listener for each signal serves all transports
// and all copies of this package. If the application listens to the signal itself, this file does not end the process.
// A second signal ends it at once.

import { isMainThread } from 'node:worker_threads';

export interface SignalHook {
  /** The application will end the process itself: send what can be sent now. */
  beforeExit(): void;
  close(): Promise<void>;
}

interface Listening {
  readonly hooks: Set<SignalHook>;
  readonly listener: () => void;
  isEnding: boolean;
}

/** Shared with other copies of this package. Otherwise each copy would think that the other one is the application. */
const REGISTRY = Symbol.for('putlogs.signals');
type WithRegistry = { [REGISTRY]?: Map<NodeJS.Signals, Listening> };

/**
 * Closes `hook` on each of the signals.
 * @returns a function that stops it; undefined in a worker thread, which receives no signals
 */
export function handleSignals(signals: readonly NodeJS.Signals[], hook: SignalHook): (() => void) | undefined {
  if (!isMainThread) return undefined;
  const global = globalThis as WithRegistry;
  global[REGISTRY] ??= new Map();
  const registry = global[REGISTRY];
  for (const signal of signals) {
    const listening = registry.get(signal) ?? listen(signal, registry);
    listening.hooks.add(hook);
  }
  return () => {
    for (const signal of signals) {
      const listening = registry.get(signal);
      if (listening === undefined || !listening.hooks.delete(hook)) continue;
      // While the process ends, a second signal must still find its listener.
      if (listening.hooks.size === 0 && !listening.isEnding) forget(signal, registry);
    }
  };
}

function listen(signal: NodeJS.Signals, registry: Map<NodeJS.Signals, Listening>): Listening {
  const listening: Listening = {
    hooks: new Set(),
    isEnding: false,
    listener: () => void received(signal, listening, registry),
  };
  registry.set(signal, listening);
  // Added as the first one, because a `once` listener of the application would be removed before it is counted.
  process.prependListener(signal, listening.listener);
  return listening;
}

async function received(
  signal: NodeJS.Signals,
  listening: Listening,
  registry: Map<NodeJS.Signals, Listening>,
): Promise<void> {
  const { hooks } = listening;
  if (process.listenerCount(signal) > 1) {
    for (const hook of hooks) hook.beforeExit();
    return;
  }
  if (!listening.isEnding) {
    listening.isEnding = true;
    await Promise.all([...hooks].map((hook) => hook.close()));
  }
  forget(signal, registry);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function forget(signal: NodeJS.Signals, registry: Map<NodeJS.Signals, Listening>): void {
  const listening = registry.get(signal);
  if (listening === undefined) return;
  registry.delete(signal);
  process.off(signal, listening.listener);
}
