// The life of a function's instance as a platform runs it: init, invocations with a freeze after each, the end.
//
// From the moment of an answer until the next task the process is stopped (SIGSTOP). The function has no time between
// its answer and the freeze.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { type ChildResult, startChild } from './child';

export interface Task {
  /** Of the exported function. */
  readonly name: string;
  /** Its first argument; without one it gets the context alone, as a hook does. */
  readonly event?: unknown;
  readonly eventAs?: 'value' | 'bytes';
  readonly context?: Readonly<Record<string, unknown>>;
  /** What `context.getRemainingTimeInMillis()` counts down from. */
  readonly limitMs: number;
}

export interface Answered {
  readonly value: unknown;
  readonly tookMs: number;
}

export interface FunctionInstance {
  /** Thaws the process, has it carry out the task, and freezes it in the moment of the answer. */
  invoke(task: Omit<Task, 'limitMs'> & { readonly limitMs?: number }): Promise<Answered>;
  /** Thaws it and asks it to end, as a platform does that announces the end. */
  shutdown(): Promise<ChildResult>;
  /** Ends it as it is. */
  kill(): Promise<ChildResult>;
  stderr(): string;
}

const LIMIT_MS = 30_000;

/** Resolves when the module has been loaded, and the process is frozen for the first time. */
export async function startFunction(module: string, env: Readonly<Record<string, string>>): Promise<FunctionInstance> {
  let asks: (response: ServerResponse) => void = () => {};
  let asked = new Promise<ServerResponse>((resolve) => {
    asks = resolve;
  });
  let answers: (text: string) => void = () => {};
  const server = createServer(async (incoming, response) => {
    if (incoming.url === '/next') return asks(response);
    answers(await textOf(incoming));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const child = startChild(join(__dirname, 'function-bootstrap.mjs'), {
    env: { ...env, FUNCTION_API: `http://127.0.0.1:${port}`, FUNCTION_MODULE: module },
  });
  // A process that stands still would outlive a test that has failed.
  after(() => child.kill('SIGKILL'));
  const gone = child.ended.then(({ stderr }): never => {
    throw new Error(`the function's process has ended: ${stderr}`);
  });
  // It may also end while no caller waits for it.
  gone.catch(() => {});
  await Promise.race([asked, gone]);
  child.kill('SIGSTOP');

  return {
    async invoke(task) {
      const answered = new Promise<string>((resolve) => {
        answers = (text) => {
          child.kill('SIGSTOP');
          resolve(text);
        };
      });
      const startMs = performance.now();
      child.kill('SIGCONT');
      const next = await Promise.race([asked, gone]);
      asked = new Promise((resolve) => {
        asks = resolve;
      });
      next.end(JSON.stringify({ limitMs: LIMIT_MS, ...task }));
      const { value, error } = JSON.parse(await Promise.race([answered, gone])) as { value?: unknown; error?: string };
      if (error !== undefined) throw new Error(`the function has thrown: ${error}`);
      return { value, tookMs: performance.now() - startMs };
    },
    shutdown() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      return child.ended;
    },
    kill() {
      child.kill('SIGKILL');
      return child.ended;
    },
    stderr: () => child.output().stderr,
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of incoming.setEncoding('utf8')) text += part;
  return text;
}
