// Finds the application's preloads (`--require`, `--import`) for a worker.
//
// A worker loads the preloads of its process again. Node looks for a relative path, and for the name of a package, from
// the working directory of the moment at which the thread begins. It may be another one than at the start:
//   1. `node --require ./trace.js server.js` starts, and its worker loads the same file.
//   2. The application calls `process.chdir('/')`.
//   3. The worker ends and is replaced. The next worker does not find ./trace.js, and never starts.
//
// So such preloads are given to each worker by their absolute paths. The other flags go with them unchanged.

import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The options of a worker that replace what it would inherit from its process. */
export interface WorkerFlags {
  readonly execArgv: readonly string[];
  /** Absent if the preloads are not in NODE_OPTIONS: then Node does not check that variable for a worker. */
  readonly env?: NodeJS.ProcessEnv;
}

/** When this module was loaded, which is before most applications change it. Undefined if it was deleted. */
const START_DIRECTORY = workingDirectory();
const PRELOADS = ['-r', '--require', '--import', '--loader', '--experimental-loader'];
const VARIABLE = 'NODE_OPTIONS';

/** Returns undefined if the worker can inherit the flags of its process. */
export function workerFlags(): WorkerFlags | undefined {
  const { execArgv, env } = process;
  const flags = rewritten(execArgv);
  const variable = rewritten(wordsOf(env[VARIABLE] ?? ''));
  if (variable.isChanged) return { execArgv: flags.words, env: { ...env, [VARIABLE]: textOf(variable.words) } };
  return flags.isChanged ? { execArgv: flags.words } : undefined;
}

/**
 * Returns the flags without those that an error of Node names: a worker may not have flags of the whole process, which
 * hold for it anyway. Returns undefined if the error names none of them.
 */
export function withoutRefused({ execArgv, env }: WorkerFlags, error: unknown): WorkerFlags | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_WORKER_INVALID_EXEC_ARGV') return undefined;
  const named = new Set([...message.matchAll(/--?[a-z][a-z0-9-]*/g)].map(([name]) => name));
  // Node ignores every flag behind a word that is neither a flag nor the value of one.
  const isLeft = (word: string, at: number, words: readonly string[]): boolean =>
    word.startsWith('-') || at === 0 ? !named.has(split(word)[0]) : isLeft(words[at - 1]!, at - 1, words);
  if (message.includes(VARIABLE)) {
    const words = wordsOf(env?.[VARIABLE] ?? '');
    const left = words.filter(isLeft);
    return left.length === words.length ? undefined : { execArgv, env: { ...env, [VARIABLE]: textOf(left) } };
  }
  const left = execArgv.filter(isLeft);
  return left.length === execArgv.length ? undefined : { execArgv: left, ...(env === undefined ? {} : { env }) };
}

interface Rewritten {
  readonly words: readonly string[];
  readonly isChanged: boolean;
}

function rewritten(given: readonly string[]): Rewritten {
  const words: string[] = [];
  let isChanged = false;
  for (let at = 0; at < given.length; at += 1) {
    const [name, inline] = split(given[at]!);
    const preload = PRELOADS.includes(name) ? (inline ?? given[at + 1]) : undefined;
    if (preload === undefined) {
      words.push(given[at]!);
      continue;
    }
    if (inline === undefined) at += 1;
    const absolute = absolutePreload(name, preload);
    isChanged ||= absolute !== preload;
    words.push(name, absolute);
  }
  return { words, isChanged };
}

function split(flag: string): readonly [name: string, value: string | undefined] {
  const equals = flag.indexOf('=');
  return equals < 0 ? [flag, undefined] : [flag.slice(0, equals), flag.slice(equals + 1)];
}

/** Returns the preload as it is if it is absolute, a part of Node, or not found. */
function absolutePreload(name: string, preload: string): string {
  if (isAbsolute(preload) || /^[a-z]{2,}:/.test(preload)) return preload;
  // A shell leaves the directory in which it started the process in PWD.
  const path = resolvedFrom(START_DIRECTORY, preload) ?? resolvedFrom(process.env['PWD'], preload);
  if (path === undefined) return preload;
  if (name === '-r' || name === '--require') return path;
  // A package may have another file for `import` than the one that was found.
  const isPackage = !/^\.\.?\//.test(preload);
  if (isPackage && resolvedFrom(workingDirectory(), preload) === path) return preload;
  return pathToFileURL(path).href;
}

/** Returns the absolute path of a module as seen from a directory. */
function resolvedFrom(directory: string | undefined, module: string): string | undefined {
  if (directory === undefined || !isAbsolute(directory)) return undefined;
  try {
    const { createRequire } = process.getBuiltinModule('node:module');
    const path = createRequire(join(directory, 'preload.js')).resolve(module);
    return isAbsolute(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Splits the variable as Node does: at spaces outside of quotes. A backslash counts only inside of them. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === ' ' && !isQuoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted && at + 1 < text.length) {
      at += 1;
      word += text[at]!;
    } else word += character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function textOf(words: readonly string[]): string {
  return words.map((word) => (/[ "\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word)).join(' ');
}
