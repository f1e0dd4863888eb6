// The questions of putlogs init. It asks for each value that no flag, config file or variable sets, or reports it as
// missing.

import { environmentName, explainOptions, flagOf, type Options } from '@putlogs/core/tools';
import { type Call, UsageError } from './command';
import type { Ask } from './prompt';

export const LOGGERS = ['pino', 'winston', 'stdout'] as const;
export type Logger = (typeof LOGGERS)[number];

/** `env`: an access key in the environment. */
export const SOURCES = ['env', 'file', 'oidc', 'profile', 'metadata', 'module'] as const;
type Source = (typeof SOURCES)[number];

type Target = Options['target'];

/** The required options of each target; the endpoint follows from the region. */
const REQUIRED: Readonly<Record<Target, readonly string[]>> = {
  'volc-tls': ['region', 'topicId'],
  'volc-webtracks': ['region', 'projectId', 'topicId'],
  'aliyun-sls': ['region', 'project', 'logstore'],
  'aliyun-webtracking': ['region', 'project', 'logstore'],
};
const TARGETS = Object.keys(REQUIRED) as Target[];

const QUESTIONS: Readonly<Record<string, string>> = {
  target: `Service (${TARGETS.join(', ')})`,
  region: 'Region, for example cn-beijing',
  topicId: 'Id of the topic',
  projectId: 'Id of the project',
  project: 'Project',
  logstore: 'Logstore',
  'spool.dir': 'Directory that keeps records through a restart, or none',
};

export interface Answers {
  readonly logger: Logger;
  /** Options by group, as a program would set them. */
  readonly answers: Record<string, unknown>;
}

/**
 * @param ask undefined if there is no terminal to ask on
 * @throws UsageError if a value is missing and cannot be asked for, or if a flag has an invalid value
 */
export async function answersFor(call: Call, ask: Ask | undefined): Promise<Answers> {
  const missing: string[] = [];
  const answers: Record<string, unknown> = {};

  const choose = async <T extends string>(flag: string, question: string, all: readonly T[], proposal: T) => {
    const set = call.own.get(flag);
    if (set !== undefined) {
      if (!isOneOf(all, set)) throw new UsageError(`--${flag} must be one of ${all.join(', ')}, not ${set}`);
      return set;
    }
    if (ask === undefined) return proposal;
    for (;;) {
      const answer = await ask(`${question} (${all.join(', ')})`, proposal);
      if (isOneOf(all, answer)) return answer;
      call.report(`it must be one of ${all.join(', ')}`);
    }
  };

  const option = async (path: string, proposal?: string): Promise<void> => {
    if (isSet(call, path)) return;
    if (ask === undefined) {
      if (proposal === undefined) missing.push(`${flagOf(path)} (${environmentName(path)})`);
      else if (proposal !== NONE) put(answers, path, proposal);
      return;
    }
    for (;;) {
      const answer = await ask(QUESTIONS[path] ?? path, proposal);
      if (answer === NONE) return;
      const problem = answer === '' ? `${path} is required` : problemWith(call, answers, path, answer);
      if (problem === undefined) return put(answers, path, answer);
      call.report(problem);
    }
  };

  const logger = await choose('logger', 'Logger', LOGGERS, 'pino');
  await option('target', 'volc-tls');
  const target = (answers['target'] ?? call.explained.valueOf('target')) as Target;
  // If an address is set, the region is not asked for, because it may follow from the address.
  const isPlaced = isSet(call, 'endpoint') && target !== 'volc-tls';
  for (const path of REQUIRED[target] ?? []) if (path !== 'region' || !isPlaced) await option(path);
  if (target === 'volc-tls' || target === 'aliyun-sls') await credentials(call, ask, answers, choose, missing);
  await option('spool.dir', NONE);
  if (answers['spool'] !== undefined && !isSet(call, 'spool.mode')) put(answers, 'spool.mode', 'always');
  if (missing.length > 0)
    throw new UsageError(`missing: ${missing.join(', ')}. On a terminal, putlogs init asks for them`);
  return { logger, answers };
}

const NONE = 'none';

async function credentials(
  call: Call,
  ask: Ask | undefined,
  answers: Record<string, unknown>,
  choose: (flag: string, question: string, all: readonly Source[], proposal: Source) => Promise<Source>,
  missing: string[],
): Promise<void> {
  const known = [
    'credentials.file',
    'credentials.module',
    'credentials.from',
    'credentials.accessKeyId',
    'credentials.apiKey',
  ];
  if (!call.own.has('credentials') && known.some((path) => isSet(call, path))) return;
  const source = await choose('credentials', 'Source of the credentials', SOURCES, 'env');
  if (source === 'env') return;
  if (source !== 'file' && source !== 'module') return put(answers, 'credentials.from', source);
  const path = `credentials.${source}`;
  if (isSet(call, path)) return;
  if (ask === undefined) missing.push(`${flagOf(path)} (${environmentName(path)})`);
  else put(answers, path, await ask(source === 'file' ? 'JSON file with the keys' : 'Module that returns the keys'));
}

function isSet({ explained }: Call, path: string): boolean {
  const value = explained.valueOf(path);
  return value !== undefined && value !== '' && explained.originOf(path).kind !== 'default';
}

/** The check of one answer by the schema. */
function problemWith(call: Call, answers: object, path: string, answer: string): string | undefined {
  const tried = structuredClone(answers) as Record<string, unknown>;
  put(tried, path, answer);
  const { problems } = explainOptions(
    [{ options: tried, nameOf: () => 'your answer' }, ...call.given],
    process.env,
    flagOf,
  );
  return problems.find((problem) => problem.startsWith(path) && !problem.includes('is missing'));
}

function put(tree: Record<string, unknown>, path: string, value: string): void {
  const [group, name] = path.split('.') as [string, string | undefined];
  if (name === undefined) tree[group] = value;
  else tree[group] = { ...(tree[group] as object | undefined), [name]: value };
}

function isOneOf<T extends string>(all: readonly T[], value: string): value is T {
  return (all as readonly string[]).includes(value);
}
