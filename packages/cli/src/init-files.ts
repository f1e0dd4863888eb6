// The two files that putlogs init writes. Neither contains a secret.

import { type Explained, environmentName, optionLeaves } from '@putlogs/core/tools';
import type { Logger } from './init-answers';

const PINO = `// The logger of this application. Its records go to the log service; the variables say where and how.
import pino from 'pino';

// It is exported: pino ends the worker of a logger that nothing refers to any more.
export const logger = pino({ transport: { target: '@putlogs/pino' } });
`;
const WINSTON = `// The logger of this application. Its records go to the log service; the variables say where and how.
import { PutlogsTransport } from '@putlogs/winston';
import winston from 'winston';

export const logger = winston.createLogger({ transports: [new PutlogsTransport()] });
`;

export function loggerFile(logger: Exclude<Logger, 'stdout'>): string {
  return logger === 'pino' ? PINO : WINSTON;
}

/** The variables of all options that are set, except secrets, in a format of `node --env-file` and of a shell. */
export function envFile(explained: Explained): string {
  const lines = ['# Variables of putlogs. Secrets are not in this file.'];
  for (const { path, notes } of optionLeaves()) {
    const value = explained.valueOf(path);
    if (value === undefined || value === '') continue;
    const { kind } = explained.originOf(path);
    if (path !== 'target' && (kind === 'default' || kind === 'derived')) continue;
    if (isSecret(path, notes.secret)) continue;
    const text = textOf(value);
    lines.push(
      text === undefined || hasPassword(text)
        ? `# ${environmentName(path)}: set it in the environment, because of its content`
        : `${environmentName(path)}=${text}`,
    );
  }
  for (const name of keyVariables(explained)) lines.push(`# ${name}: set it in the environment`);
  return `${lines.join('\n')}\n`;
}

/** The variables that a person still has to set. */
export function secretsOf(explained: Explained, environment: NodeJS.ProcessEnv): string[] {
  return keyVariables(explained).filter((name) => !environment[name]);
}

/** The id and the secret of a key belong together: one without the other is an error. */
function isSecret(path: string, isMarked = false): boolean {
  return isMarked || path === 'credentials.accessKeyId';
}

function keyVariables(explained: Explained): string[] {
  const target = String(explained.valueOf('target') ?? 'volc-tls');
  if (target !== 'volc-tls' && target !== 'aliyun-sls') return [];
  const others = ['credentials.file', 'credentials.module', 'credentials.from'];
  if (others.some((path) => explained.valueOf(path) !== undefined)) return [];
  if (explained.valueOf('credentials.apiKey') !== undefined) return [environmentName('credentials.apiKey')];
  const vendor = target === 'volc-tls' ? 'VOLCENGINE' : 'ALIBABA_CLOUD';
  return [`${vendor}_ACCESS_KEY_ID`, `${vendor}_ACCESS_KEY_SECRET`];
}

/** Returns the text of a variable; undefined if Node or a shell would not read it back unchanged. */
function textOf(value: unknown): string | undefined {
  const text = plainText(value);
  if (text === undefined || /^[\w./:@%+,=-]*$/.test(text)) return text;
  return /['\n\r]/.test(text) ? undefined : `'${text}'`;
}

function plainText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return String(value);
  const items = Array.isArray(value) ? value.map(String) : Object.entries(value).map((pair) => pair.join('='));
  const isPlain = items.every((item) => !item.includes(',')) && (Array.isArray(value) || hasPlainNames(value));
  return isPlain ? items.join(',') : undefined;
}

function hasPlainNames(pairs: object): boolean {
  return Object.keys(pairs).every((name) => !name.includes('='));
}

/** An address may contain a name and a password. */
function hasPassword(text: string): boolean {
  return /\/\/[^/]*@/.test(text);
}
