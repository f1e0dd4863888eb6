// What a signal does to those who asked for it with `handleSignals`: they close, and then it does what it always did.
//
// Takes: the names of signals, and who is to be closed. Gives: the process its end by the same signal, so that who
// sent it sees the exit status it expects. Keeps: one listener for a signal, however many transports and copies of
// this package there are. Never: ends a process whose application listens to the signal itself, or puts off an end
// that is asked for twice.

import { isMainThread } from 'node:worker_threads';

export interface SignalLeaver {
  /** The application ends the process itself, some time after this: what can be sent now should be. */
  beforeExit(): void;
  close(): Promise<void>;
}

interface Listening {
  readonly leavers: Set<SignalLeaver>;
  readonly listener: () => void;
  isEnding: boolean;
}

/** Shared with other copies of this package: two listeners would each take the other for the application's. */
const REGISTRY = Symbol.for('putlogs.signals');
type WithRegistry = { [REGISTRY]?: Map<NodeJS.Signals, Listening> };

/**
 * Closes `leaver` on each of the signals.
 * @returns ends that; undefined in a worker thread, which gets no signals.
 */
export function handleSignals(signals: readonly NodeJS.Signals[], leaver: SignalLeaver): (() => void) | undefined {
  if (!isMainThread) return undefined;
  const global = globalThis as WithRegistry;
  global[REGISTRY] ??= new Map();
  const registry = global[REGISTRY];
  for (const signal of signals) {
    const listening = registry.get(signal) ?? listen(signal, registry);
    listening.leavers.add(leaver);
  }
  return () => {
    for (const signal of signals) {
      const listening = registry.get(signal);
      if (listening === undefined || !listening.leavers.delete(leaver)) continue;
      // While it ends, a second signal still has to find somebody here.
      if (listening.leavers.size === 0 && !listening.isEnding) forget(signal, registry);
    }
  };
}

function listen(signal: NodeJS.Signals, registry: Map<NodeJS.Signals, Listening>): Listening {
  const listening: Listening = {
    leavers: new Set(),
    isEnding: false,
    listener: () => void received(signal, listening, registry),
  };
  registry.set(signal, listening);
  // In front: a listener of the application's that is there once only would be gone when it is counted.
  process.prependListener(signal, listening.listener);
  return listening;
}

async function received(
  signal: NodeJS.Signals,
  listening: Listening,
  registry: Map<NodeJS.Signals, Listening>,
): Promise<void> {
  const { leavers } = listening;
  if (process.listenerCount(signal) > 1) {
    for (const leaver of leavers) leaver.beforeExit();
    return;
  }
  if (!listening.isEnding) {
    listening.isEnding = true;
    await Promise.all([...leavers].map((leaver) => leaver.close()));
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
