// The command putlogs-emulator. When it listens, it prints one JSON line to stdout.
//
// Exit codes: 0 if a signal stopped it, 1 if it cannot listen, 2 for wrong arguments. It never prints a secret.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEmulator, type EmulatorError, type EmulatorOptions } from './index.js';
import { nearestName } from './nearest-name.js';

const FLAGS = {
  port: { type: 'string' },
  host: { type: 'string' },
  'access-key-id': { type: 'string' },
  'access-key-secret': { type: 'string' },
  'security-token': { type: 'string' },
  'api-key': { type: 'string', multiple: true },
  region: { type: 'string' },
  shards: { type: 'string' },
  topic: { type: 'string', multiple: true },
  logstore: { type: 'string', multiple: true },
  'web-tracking-off': { type: 'string', multiple: true },
  index: { type: 'string' },
  'write-only': { type: 'boolean' },
  'max-body-bytes': { type: 'string' },
  'max-log-bytes': { type: 'string' },
  'sls-max-logs': { type: 'string' },
  'sls-strict-keys': { type: 'boolean' },
  lenient: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** It fits a screen of 24 lines of 80 columns. */
const HELP = `Usage: putlogs-emulator [options]
A strict local log service: Volcengine TLS and Alibaba Cloud SLS on one port.
Prints one JSON line with its url when it is ready. Ctrl-C stops it.

  --port <n>                 port to listen on (default 0: the system chooses)
  --host <address>           address to listen on (default 127.0.0.1)
  --access-key-id <id>       the access key id that it knows (default demo)
  --access-key-secret <s>    its secret (default demo-secret)
  --security-token <token>   requests must carry this token (default: none)
  --api-key <key>            an API key, may be repeated (default: none)
  --region <name>            the region of signatures (default: every region)
  --shards <n>               shards of every topic, 1 to 256 (default 2)
  --topic <id>               a TLS topic, may be repeated (default: all)
  --logstore <project/name>  an SLS Logstore, may be repeated (default: all)
  --web-tracking-off <name>  topic id or project/name without anonymous logs
  --index <all|none>         what a search finds without an index (default all)
  --write-only               the key may only write
  --max-body-bytes <n>       bytes of a body (default 5242880, SLS 3145728)
  --max-log-bytes <n>        bytes of a log, an SLS value (default 1048576)
  --sls-max-logs <n>         logs of an SLS request (default 4096)
  --sls-strict-keys          keys of SLS have only letters, digits and _
  --lenient                  takes a wrong X-Content-Sha256, as of the Node SDK
  --help, --version          prints this text, or the version
`;

type Parsed = { readonly options: EmulatorOptions } | { readonly print: string } | { readonly problem: string };

function parse(args: string[]): Parsed {
  // strict: false, because the errors of parseArgs do not suggest the nearest option.
  const { tokens, values } = parseArgs({ args, options: FLAGS, strict: false, allowPositionals: true, tokens: true });
  const names = Object.keys(FLAGS);
  for (const token of tokens) {
    if (token.kind === 'positional') return { problem: `unexpected argument ${token.value}` };
    if (token.kind === 'option-terminator') continue;
    if (!Object.hasOwn(FLAGS, token.name)) {
      const near = nearestName(token.name, names);
      return { problem: `unknown option ${token.rawName}${near === null ? '' : `; did you mean --${near}?`}` };
    }
    const takesValue = FLAGS[token.name as keyof typeof FLAGS].type === 'string';
    const looksLikeOption = token.inlineValue === false && token.value?.startsWith('--');
    if (takesValue && (token.value === undefined || looksLikeOption))
      return { problem: `${token.rawName} needs a value` };
    if (!takesValue && token.value !== undefined) return { problem: `${token.rawName} takes no value` };
  }
  const given = values as Partial<Record<string, string>> & {
    topic?: string[];
    'api-key'?: string[];
    logstore?: string[];
    'web-tracking-off'?: string[];
    'write-only'?: boolean;
    'sls-strict-keys'?: boolean;
    lenient?: boolean;
    help?: boolean;
    version?: boolean;
  };
  if (given.help) return { print: HELP };
  if (given.version) return { print: `${readVersion()}\n` };
  for (const name of ['port', 'shards', 'max-body-bytes', 'max-log-bytes', 'sls-max-logs']) {
    const text = given[name];
    if (text !== undefined && !/^\d+$/.test(text)) return { problem: `--${name} must be a whole number, not ${text}` };
  }
  return {
    options: {
      port: numberOf(given['port']),
      host: given['host'],
      accessKeyId: given['access-key-id'],
      accessKeySecret: given['access-key-secret'],
      securityToken: given['security-token'],
      apiKeys: given['api-key'],
      region: given['region'],
      shards: numberOf(given['shards']),
      topics: given.topic,
      logstores: given.logstore,
      webTrackingOff: given['web-tracking-off'],
      index: given['index'] as EmulatorOptions['index'],
      writeOnly: given['write-only'],
      maxBodyBytes: numberOf(given['max-body-bytes']),
      maxLogBytes: numberOf(given['max-log-bytes']),
      slsMaxLogs: numberOf(given['sls-max-logs']),
      slsStrictKeys: given['sls-strict-keys'],
      lenient: given.lenient,
    },
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function readVersion(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function complain(problem: string, exitCode: number): void {
  process.stderr.write(`putlogs-emulator: ${problem}\n`);
  process.exitCode = exitCode;
}

// The flag of an option: accessKeyId -> --access-key-id, topics -> --topic.
function flagged(message: string): string {
  const flag = (name: string): string =>
    `--${(['topics', 'logstores', 'apiKeys'].includes(name) ? name.slice(0, -1) : name).replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)}`;
  return message.replace(/^\w+/, flag);
}

async function main(): Promise<void> {
  const parsed = parse(process.argv.slice(2));
  if ('problem' in parsed) return complain(`${parsed.problem} (see --help)`, 2);
  if ('print' in parsed) {
    process.stdout.write(parsed.print);
    return;
  }
  try {
    const emulator = await createEmulator(parsed.options);
    const stop = (): void => void emulator.close();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const { url, accessKeyId } = emulator;
    const { shards } = emulator.stats();
    process.stdout.write(
      `${JSON.stringify({ url, accessKeyId, shards: shards.length, lenient: parsed.options.lenient ?? false })}\n`,
    );
  } catch (error) {
    const { code, message } = error as EmulatorError;
    if (code === 'ERR_EMULATOR_OPTIONS') complain(`${flagged(message)} (see --help)`, 2);
    else complain(message, 1);
  }
}

void main();
