// A function's process: what a platform's runtime does in it. It loads the module, then asks for one task after the other
// over HTTP, as the runtimes of AWS Lambda do, and gives each answer back. The other side is function-instance.ts.

import { Agent, request } from 'node:http';
import { pathToFileURL } from 'node:url';
import type { Task } from './function-instance.js';

const api = process.env['FUNCTION_API']!;
const agent = new Agent({ keepAlive: true });

function call(method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${api}${path}`, { method, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

type Callable = (...given: unknown[]) => unknown;
const loaded = (await import(pathToFileURL(process.env['FUNCTION_MODULE']!).href)) as Record<string, Callable>;
// A module for `require` comes with what it exports as its default.
const exported = { ...(loaded['default'] as unknown as Record<string, Callable> | undefined), ...loaded };

for (;;) {
  const task = JSON.parse(await call('GET', '/next')) as Task;
  const deadlineMs = performance.now() + task.limitMs;
  const context = { ...task.context, getRemainingTimeInMillis: () => deadlineMs - performance.now() };
  const event = task.eventAs === 'bytes' ? Buffer.from(JSON.stringify(task.event)) : task.event;
  const given = task.event === undefined ? [context] : [event, context];
  let answer: string;
  try {
    answer = JSON.stringify({ value: await exported[task.name]!(...given) });
  } catch (error) {
    answer = JSON.stringify({ error: error instanceof Error ? error.stack : String(error) });
  }
  await call('POST', '/answer', answer);
}
