// putlogs init: asks for the values that a transport needs, writes the files for the application, and runs doctor.
//
// No secret is written. The names of the variables for secrets are printed, and are comments in the file.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createIndex, type Explained, explainOptions, flagOf } from '@putlogs/core/tools';
import { type Call, type Command, GOOD, UsageError } from './command';
import { doctor } from './doctor';
import { answersFor, LOGGERS, type Logger, SOURCES } from './init-answers';
import { envFile, loggerFile, secretsOf } from './init-files';
import { type Ask, prompt } from './prompt';

const ENV_FILE = '.env.putlogs';

export const init: Command = {
  name: 'init',
  summary: 'Writes a setup: the lines for the application, its variables, and a check.',
  about: `Asks for the logger, the service, its region and topic (or project and Logstore), the source of the credentials
and the directory of the spool. It does not ask for what a flag, a config file or a variable already says.
Without a terminal, or with --yes, nothing is asked: what is missing is reported, with exit code 2.

It writes two files to the working directory:
  putlogs-logger.mjs   the lines for the application
  ${ENV_FILE}         the variables, for node --env-file=${ENV_FILE} and for a shell
A secret is never written. A file that exists and differs is kept, unless --force is set.
Then it runs putlogs doctor with these options, and exits with its code.`,
  flags: {
    logger: { value: '<name>', meaning: `Logger of the application: ${LOGGERS.join(', ')}.` },
    credentials: { value: '<source>', meaning: `One of ${SOURCES.join(', ')}.` },
    yes: { short: 'y', meaning: 'Ask nothing: use the defaults.' },
    force: { meaning: 'Replace files that differ.' },
    'create-index': { meaning: 'Create an index, if there is none.' },
    'no-doctor': { meaning: 'Do not run putlogs doctor.' },
  },
  options: [''],
  async run(call) {
    const { logger, answers } = await withPrompt(call, (ask) => answersFor(call, ask));
    const given = [{ options: answers, nameOf: flagOf }, ...call.given];
    const explained = explainOptions(given, process.env, flagOf);
    const dir = process.cwd();
    const files = new Map([[ENV_FILE, envFile(explained)]]);
    if (logger !== 'stdout') files.set('putlogs-logger.mjs', loggerFile(logger));
    await write(call, dir, files);
    await call.print(nextSteps(logger, dir, secretsOf(explained, process.env)));
    if (call.own.has('create-index')) await call.print(`${await index(explained)}\n\n`);
    return call.own.has('no-doctor') ? GOOD : doctor.run({ ...call, explained });
  },
};

/** Returns what became of the index, as a sentence. doctor looks at it afterwards, so a failure ends nothing here. */
async function index({ options }: Explained): Promise<string> {
  if (options === undefined) return 'No index was created: the options are not complete.';
  return (await createIndex(options)).text;
}

async function withPrompt<T>(call: Call, work: (ask: Ask | undefined) => Promise<T>): Promise<T> {
  if (call.own.has('yes') || !process.stdin.isTTY) return work(undefined);
  const { ask, close } = prompt(call.signal);
  try {
    return await work(ask);
  } finally {
    close();
  }
}

/** Checks all files before it writes the first one, so that a setup is never half new. */
async function write(call: Call, dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  const changed = [...files].filter(([name, text]) => contentOf(join(dir, name)) !== text);
  const others = changed.filter(([name]) => contentOf(join(dir, name)) !== undefined).map(([name]) => join(dir, name));
  if (others.length > 0 && !call.own.has('force')) {
    throw new UsageError(`${others.join(' and ')} exists and differs; move it away, or replace it with --force`);
  }
  try {
    for (const [name, text] of changed) writeFileSync(join(dir, name), text);
  } catch (error) {
    throw new UsageError(`${dir} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
  for (const name of files.keys()) {
    const isNew = changed.some(([one]) => one === name);
    await call.print(`${isNew ? 'wrote ' : 'kept  '} ${join(dir, name)}\n`);
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`${path} cannot be read: ${code}`);
  }
}

function nextSteps(logger: Logger, dir: string, secrets: readonly string[]): string {
  const wanted = logger === 'winston' ? ['winston', '@putlogs/winston'] : ['pino', '@putlogs/pino'];
  const { resolve: find } = createRequire(join(dir, 'putlogs-logger.mjs'));
  const absent = wanted.filter((name) => !isThere(() => find(name)));
  const steps = [
    ...(absent.length === 0 ? [] : [`npm install ${absent.join(' ')}`]),
    ...secrets.map((name) => `export ${name}=...   (a secret: not in a file of the application)`),
    ...(logger === 'stdout'
      ? [`set -a; . ./${ENV_FILE}; set +a`, 'node app.js | npx putlogs-pino']
      : ["import { logger } from './putlogs-logger.mjs';   in the application", `node --env-file=${ENV_FILE} app.mjs`]),
  ];
  return `\nNext:\n${steps.map((step) => `  ${step}\n`).join('')}\n`;
}

function isThere(find: () => string): boolean {
  try {
    find();
    return true;
  } catch {
    return false;
  }
}
