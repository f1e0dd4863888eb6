// The parent's side of the sink process: started once, asked between runs, ended with the parent.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SinkMessage, SinkReply, SinkRequest } from './sink';

export interface Sink {
  readonly port: number;
  ask(request: SinkRequest): Promise<SinkReply>;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  const child = fork(join(__dirname, 'sink.js'), { execArgv: ['--max-old-space-size=2048'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const waiting = new Map<number, (reply: SinkReply) => void>();
  child.once('exit', (code) => {
    if (waiting.size > 0) throw new Error(`the sink ended with code ${code} before it answered`);
  });
  child.on('message', (reply: SinkReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let id = 0;
  return {
    port,
    ask: (request) =>
      new Promise((resolve, reject) => {
        id += 1;
        waiting.set(id, resolve);
        child.send({ id, request } satisfies SinkMessage, (error) => error && reject(error));
      }),
    stop: () => child.disconnect(),
  };
}
