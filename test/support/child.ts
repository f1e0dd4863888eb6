// Runs a built test application as a child process, and returns its end, its output and its duration.
//
// A child ends with the test process at the latest. The tester's own PUTLOGS_* variables, vendor's variables and proxy
// variables are not passed on.

import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

export interface ChildOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
  nodeArgs?: readonly string[];
  cwd?: string;
  /** Runs this instead of node, which is then for its arguments to name. */
  command?: string;
  /** Written to the child's stdin, which is then closed. Without it stdin is empty. */
  input?: string;
  /** As `input`, but stdin stays open. */
  keepInputOpen?: string;
  /** In a process group of its own, as a shell runs a pipeline; see `killGroup`. */
  detached?: boolean;
  /** After this long the child is killed and the promise rejects, with both outputs in the message. */
  timeoutMs?: number;
  /** Every whole line of stdout, as it arrives. */
  onLine?: (line: string, child: StartedChild) => void;
}

export interface ChildResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

export interface StartedChild {
  readonly pid: number;
  /** Settles with the first stdout line (past ones count) that contains the text. */
  line(text: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Writes to stdin, if `keepInputOpen` keeps it open. */
  type(text: string): void;
  /** To all processes of a `detached` child's group, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void;
  /** What has been printed so far. */
  output(): { stdout: string; stderr: string };
  readonly ended: Promise<ChildResult>;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const OWN_VARIABLES =
  /^(PUTLOGS_|VOLCENGINE_|ALIBABA_|POD_NAME$|NODE_TEST_CONTEXT$|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|(HTTPS?|NO)_PROXY$|(https?|no)_proxy$)/;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `node <nodeArgs> <file> <args>` and leaves it running. */
export function startChild(file: string, options: ChildOptions = {}): StartedChild {
  const startedMs = performance.now();
  const ownArgs = options.command === undefined ? [...(options.nodeArgs ?? []), file] : [];
  const child = spawn(options.command ?? process.execPath, [...ownArgs, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: childEnvironment(options.env),
    stdio: 'pipe',
    detached: options.detached ?? false,
  });
  running.add(child);
  // A child that ends without reading its input breaks the pipe; that is no failure of the test.
  child.stdin.on('error', () => {});
  if (options.keepInputOpen === undefined) child.stdin.end(options.input ?? '');
  else child.stdin.write(options.keepInputOpen);

  let stdout = '';
  let stderr = '';
  let rest = '';
  const lines: string[] = [];
  const waiting = new Set<{ text: string; found: (line: string) => void; gone: (error: Error) => void }>();
  const decoder = new StringDecoder('utf8');
  child.stdout.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk);
    stdout += text;
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      for (const waiter of waiting) {
        if (!line.includes(waiter.text)) continue;
        waiting.delete(waiter);
        waiter.found(line);
      }
      options.onLine?.(line, started);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });

  const ended = new Promise<ChildResult>((resolve, reject) => {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (options.detached) started.killGroup('SIGKILL');
      else child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      for (const waiter of waiting) {
        waiter.gone(new Error(`the child ended without printing "${waiter.text}"${printed(stdout, stderr)}`));
      }
      waiting.clear();
      if (timedOut) {
        reject(new Error(`${file} was still running after ${timeoutMs} ms and was killed${printed(stdout, stderr)}`));
        return;
      }
      resolve({ code, signal, stdout, stderr, durationMs: performance.now() - startedMs });
    });
  });

  const started: StartedChild = {
    pid: child.pid ?? -1,
    line: (text) => {
      const past = lines.find((line) => line.includes(text));
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((found, gone) => {
        waiting.add({ text, found, gone });
      });
    },
    kill: (signal) => {
      child.kill(signal);
    },
    type: (text) => {
      child.stdin.write(text);
    },
    killGroup: (signal) => {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    },
    output: () => ({ stdout, stderr }),
    ended,
  };
  return started;
}

/** Runs `node <nodeArgs> <file> <args>` to its end. */
export function runChild(file: string, options: ChildOptions = {}): Promise<ChildResult> {
  return startChild(file, options).ended;
}

function childEnvironment(extra: ChildOptions['env']): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries({ ...process.env })) {
    if (!OWN_VARIABLES.test(name)) env[name] = value;
  }
  return { ...env, ...extra };
}

function printed(stdout: string, stderr: string): string {
  return `\n--- stdout\n${stdout.slice(-4000)}\n--- stderr\n${stderr.slice(-4000)}`;
}

/** Worker threads of this process. */
export function threads(): number {
  const { workers } = process.report.getReport() as unknown as { workers: unknown[] };
  return workers.length;
}
