// Runs every code block of every page, in the way that its language requires. A block that cannot be run is a failure.
//
// A JavaScript block is a whole program. It runs against an emulator, and must end by itself with an empty stderr. If
// it creates a logger, its record must arrive. Comments in it can change that:
//
//   // arrives: {...}     a record with these fields must arrive (null: without that field)
//   // nothing arrives    no record may arrive
//   // warns: ...         stderr begins with this text
//   // name.mjs           on the first line: the block is stored under this name, for later blocks of its page
//
// The environment of a block has all options for the default target. If the block names a target, the environment has
// only the endpoint and the key. If the block names a source of credentials or a proxy, the test provides it, and the
// environment has no key. A shell block is a list of commands, which this file must know. A `text` block behind a
// program is the output of that program. A block without a language is a drawing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { environmentName } from '@putlogs/core/internal/options/leaves';
import { resolveOptions } from '@putlogs/core/internal/options/resolve';
import { NAMED_VERSIONS, NODE_VERSIONS, RUNTIMES } from '../packages/versions';
import { runChild, startChild } from '../support/child';
import {
  contentsOf,
  type Emulator,
  type EmulatorLog,
  environmentFor,
  startEmulator,
  TOPIC_ID,
} from '../support/emulator';
import { get, portOf } from '../support/examples';
import { startIdentity, TRN } from '../support/identity';
import { anchorsOf, type Block, blocksOf, root } from '../support/pages';
import { startProxy } from '../support/proxy';
import { leaveBehind } from '../support/putlogs-command';
import { TARGET_NAMES, type TargetUnderTest, targetNamed } from '../support/targets';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'examples/README.md',
  ...readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/README.md`)
    .filter((page) => existsSync(join(root, page))),
  ...readdirSync(join(root, 'packages')).flatMap((name) =>
    ['README.md', 'ARCHITECTURE.md']
      .map((page) => `packages/${name}/${page}`)
      .filter((page) => existsSync(join(root, page))),
  ),
];

const blocks = pages.flatMap(blocksOf);
/** Its files are built and run by test/packages/bundlers.test.ts. */
const BUNDLERS = 'docs/bundlers.md';
/** test/docs/doctor.test.ts runs its sessions. */
const DOCTOR = 'docs/doctor.md';
/** test/docs/readme.test.ts runs this section as a whole. */
const WALK = 'Use it in your application';

/** Packages that are not installed: blocks that use them are checked for syntax only. */
const ABSENT: Readonly<Record<string, string>> = {
  'winston-sls': 'it needs winston 2, which cannot be installed beside the winston 3 of the tests',
};

let directory: string;
before(() => {
  // Beside the tests, where the packages are found.
  directory = mkdtempSync(join(__dirname, 'block-'));
});
after(() => rmSync(directory, { recursive: true }));

/** `text` blocks are compared with the output of the program before them. */
const READ = ['', 'text'];
const isRunHere = ({ language, page, section, file }: Block) =>
  !READ.includes(language) &&
  page !== BUNDLERS &&
  page !== DOCTOR &&
  !(page === 'README.md' && section === WALK) &&
  // Tests to copy: test/docs/templates.test.ts runs them.
  !file.startsWith('test/');
for (const block of blocks.filter(isRunHere)) {
  test(`${block.page}:${block.line} runs`, async (t) => {
    switch (block.language) {
      case 'js':
      case 'ts':
        return runProgram(block, t);
      case 'sh':
        if (/^(export|unset) /.test(block.code)) return assertOptions(block.code);
        for (const command of block.code.trim().split('\n')) await runCommand(command);
        return;
      case 'console':
        return runSession(block.code);
      case 'json':
        JSON.parse(block.code);
        return;
      default:
        assert.fail(`this test cannot run a block in ${block.language}`);
    }
  });
}

async function runProgram({ page, line, code, printed }: Block, t: TestContext): Promise<void> {
  const folder = join(directory, page.replaceAll('/', '-'));
  mkdirSync(folder, { recursive: true });
  const [, name] = /^\/\/ ([\w-]+\.[cm]?js)\n/.exec(code) ?? [];
  const file = join(folder, name ?? `line-${line}.mjs`);
  const absent = Object.keys(ABSENT).find((one) => code.includes(`'${one}'`));
  if (absent !== undefined) {
    writeFileSync(file, code);
    t.diagnostic(`only its syntax is checked, because ${absent} is not installed: ${ABSENT[absent]}`);
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return;
  }
  // The vendor's SDK sends a wrong hash of its body. Its Producer supports only https; its own setter changes that.
  const isVendors = code.includes("'@volcengine/openapi'");
  const emulator: Emulator = await startEmulator({ lenient: isVendors, apiKeys: ['demo-api-key'] });
  const named = TARGET_NAMES.find((one) => code.includes(`target: '${one}'`));
  const target = targetNamed(named ?? (code.includes("'@alicloud/log'") ? 'aliyun-sls' : 'volc-tls'));
  const said = named === undefined ? [] : ['target', ...Object.keys(target.place)];
  const unset = Object.fromEntries(said.map((path) => [environmentName(path), '']));
  const surroundings = await surroundingsOf(code, folder, emulator);
  const { host, port } = new URL(emulator.url);
  const ends = { VOLCENGINE_ENDPOINT: host, SLS_ENDPOINT: `http://localhost:${port}` };
  // A project's name before `localhost` is not resolved by every system.
  const nodeArgs = code.includes("'@alicloud/log'") ? ['--require', join(__dirname, '../emulator/local-names.js')] : [];
  try {
    const asItRuns = isVendors ? code.replace('producer.Start()', `producer.service.setProtocol('http:');$&`) : code;
    writeFileSync(file, asItRuns.replaceAll('proxy.example.com:3128', surroundings.proxy));
    const keys = surroundings.hasKeys ? { [target.keyVariables.id]: '', [target.keyVariables.secret]: '' } : {};
    const result = await runChild(file, {
      cwd: folder,
      nodeArgs,
      env: environmentFor(emulator, { TOPIC_ID, ...ends, ...unset, ...keys, ...surroundings.variables }, target),
    });
    const warned = /^\/\/ warns: (.+)$/m.exec(code)?.[1];
    if (warned === undefined) assert.equal(result.stderr, '');
    else assert.ok(result.stderr.startsWith(warned), result.stderr);
    assert.equal(result.code, 0, result.stdout);
    if (printed !== undefined) assert.equal(result.stdout, printed);
    assertArrived(code, emulator.logs(), target);
    surroundings.check();
  } finally {
    await surroundings.close();
    await emulator.close();
  }
}

/** Starts the servers and writes the files that a block about credentials, a proxy or a CA needs. */
async function surroundingsOf(code: string, directory: string, emulator: Emulator) {
  const { accessKeyId, accessKeySecret } = emulator;
  writeFileSync(join(directory, 'credentials.json'), JSON.stringify({ accessKeyId, accessKeySecret }));
  writeFileSync(join(directory, 'ca.pem'), rootCertificates[0]!);
  writeFileSync(join(directory, 'token'), 'a.token.signed');
  const keys = { 'access-key': accessKeyId, 'secret-key': accessKeySecret };
  writeFileSync(join(directory, 'profiles.json'), JSON.stringify({ profiles: { dev: { mode: 'ak', ...keys } } }));
  const issued = { accessKeyId: 'STS.id', accessKeySecret: 's', securityToken: 't', expiresMs: Date.now() + 3_600_000 };
  const identity = await startIdentity({ oidcToken: () => 'a.token.signed', issue: () => issued });
  const proxy = await startProxy({ to: () => emulator.port });
  emulator.temporaryKeys([issued]);
  const from = /from: '(oidc|profile|metadata)'/.exec(code)?.[1] ?? '';
  const variables: Record<string, Record<string, string>> = {
    oidc: {
      VOLCENGINE_OIDC_ROLE_TRN: TRN,
      VOLCENGINE_OIDC_TOKEN_FILE: join(directory, 'token'),
      VOLCENGINE_OIDC_STS_ENDPOINT: identity.url,
    },
    profile: { VOLCENGINE_CLI_CONFIG_FILE: join(directory, 'profiles.json') },
    metadata: { PUTLOGS_CREDENTIALS_METADATA_ENDPOINT: identity.url },
  };
  // Only the vendor's package can read this profile, because the profile runs a program.
  const isVendorProfile = code.includes('./alicloud.mjs');
  if (isVendorProfile) writeExternalProfile(directory, { accessKeyId, accessKeySecret });
  const isProxied = /proxy = /.test(code);
  const host = { PUTLOGS_ENDPOINT: 'http://logs.example.com', PUTLOGS_ALLOW_INSECURE: 'true' };
  return {
    hasKeys: code.includes('const credentials = {'),
    proxy: `127.0.0.1:${proxy.port}`,
    variables: { ...variables[from], ...(isProxied ? host : {}), ...(isVendorProfile ? { HOME: directory } : {}) },
    check: () => {
      assert.deepEqual(identity.wrong, []);
      assert.equal(identity.asked.length > 0, from === 'oidc' || from === 'metadata');
      assert.deepEqual(proxy.names, isProxied ? ['me:secret'] : []);
    },
    close: () => Promise.all([identity.close(), proxy.close()]),
  };
}

/** Writes ~/.aliyun/config.json with a profile `dev`, whose program prints the keys. */
function writeExternalProfile(home: string, keys: { accessKeyId: string; accessKeySecret: string }): void {
  const program = join(home, 'print-keys.js');
  const printed = { mode: 'AK', access_key_id: keys.accessKeyId, access_key_secret: keys.accessKeySecret };
  writeFileSync(program, `process.stdout.write(${JSON.stringify(JSON.stringify(printed))});`);
  const profile = { name: 'dev', mode: 'External', process_command: `${process.execPath} ${program}` };
  mkdirSync(join(home, '.aliyun'), { recursive: true });
  writeFileSync(join(home, '.aliyun/config.json'), JSON.stringify({ current: 'dev', profiles: [profile] }));
}

/** Asserts that the records in the block's comments arrived, or one record if it creates a logger. */
function assertArrived(code: string, logs: readonly EmulatorLog[], target: TargetUnderTest): void {
  const said = [...code.matchAll(/^ *\/\/ arrives: (.+)$/gm)].map(
    ([, text]) => JSON.parse(text!) as Record<string, string | null>,
  );
  const isOurs = /@putlogs\/(pino|winston|core)/.test(code);
  const isNone = !isOurs || code.includes('// nothing arrives');
  assert.equal(logs.length, said.length || (isNone ? 0 : 1));
  const left = logs.map(contentsOf);
  for (const record of said) {
    // The order of several topics is not fixed.
    const at = left.findIndex((arrived) =>
      Object.entries(record).every(([key, value]) => arrived[key] === (value ?? undefined)),
    );
    assert.notEqual(at, -1, `${JSON.stringify(record)} is not among ${JSON.stringify(left)}`);
    left.splice(at, 1);
  }
  for (const { service, hashKey } of logs) {
    assert.equal(service, target.name.startsWith('volc') ? 'tls' : 'sls');
    if (isOurs) assert.equal(hashKey !== '', target.isSigned);
  }
}

/** Asserts that a transport would start with the variables that a page sets. */
function assertOptions(code: string): void {
  const script = `env -i bash -ec '${code.trim()}\nenv -0'`;
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const variables = stdout.split('\0').filter((line) => /^(PUTLOGS|VOLCENGINE|ALIBABA_CLOUD)_/.test(line));
  assert.ok(variables.length > 0);
  const environment = variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  resolveOptions({}, Object.fromEntries(environment) as NodeJS.ProcessEnv);
}

async function runCommand(command: string): Promise<void> {
  const words = command.split(' ');
  const isVariable = (word: string) => /^[A-Z_]+=/.test(word);
  const variables = Object.fromEntries(words.filter(isVariable).map((word) => word.split('=') as [string, string]));
  const [program, ...args] = words.filter((word) => !isVariable(word));
  if (program === 'npm' && args[0] === 'install') return assertResolvable(args.slice(1));
  if (program === 'npm') return assertScript(args[0] === 'run' ? args[1]! : args[0]!);
  if (program === 'node' && args[0] === 'scripts/test.mjs') {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = { cwd: root, env: { ...env, ...variables }, encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync(process.execPath, args, options);
    assert.equal(status, 0, stdout);
    return;
  }
  if (program === 'node' && args[0]!.startsWith('examples/')) return runServer(args[0]!, variables);
  if (program === 'node' && args[0]!.includes('putlogs-emulator')) {
    await runEmulator(args.slice(1));
    return;
  }
  if (/(^|\| )(npx )?putlogs(-pino)? /.test(command)) return runOurs(command.replace('npx ', ''));
  assert.fail(`this test cannot run the command: ${command}`);
}

/** The page's variables are used, except the address. It serves one request, whose record must arrive. */
async function runServer(file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const emulator = await startEmulator();
  try {
    const env = { ...variables, PUTLOGS_ENDPOINT: emulator.url, PORT: '0' };
    const child = startChild(join(root, file), { env });
    await get(await portOf(child), '/orders/1');
    child.kill('SIGTERM');
    assert.equal((await child.ended).code, 0);
    assert.equal(emulator.logs().filter((log) => contentsOf(log)['order'] === '1').length, 1);
  } finally {
    await emulator.close();
  }
}

/** Runs one of our commands in a shell, in a directory with all files that the pages name, and with a service. */
async function runOurs(command: string): Promise<void> {
  const emulator = await startEmulator({ topics: [TOPIC_ID, 'my-topic'] });
  const cwd = mkdtempSync(join(directory, 'shell-'));
  try {
    const spool = join(cwd, 'spool');
    await leaveBehind(emulator, spool, 20);
    writeFileSync(join(cwd, 'app.js'), `console.log('{"level":30,"msg":"hello"}');`);
    writeFileSync(join(cwd, 'putlogs.json'), JSON.stringify({ topicId: TOPIC_ID }));
    writeFileSync(join(cwd, 'dead.ndjson'), '');
    const PATH = `${join(root, 'test/node_modules/.bin')}${delimiter}${process.env['PATH']}`;
    const env = { ...environmentFor(emulator), PATH };
    const { code, stdout, stderr } = await runChild('', { command: '/bin/sh', args: ['-c', command], env, cwd });
    assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  } finally {
    await emulator.close();
  }
}

/** Asserts that the packages of an install command are installed for the tests. */
function assertResolvable(names: readonly string[]): void {
  for (const name of names) assert.ok(require.resolve(`${name}/package.json`));
}

/** Asserts that the script exists, and that the gate runs it. */
function assertScript(name: string): void {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.ok(Object.hasOwn(scripts, name), `package.json has no script ${name}`);
  const gate = readFileSync(join(root, '.ci/run'), 'utf8');
  // Each longer proof has a smaller one in the tests or in the gate.
  if (['soak', 'crash-points', 'test:large'].includes(name)) return;
  assert.match(gate, name === 'test' ? /^npm test$/m : new RegExp(`^npm run --silent ${name}( -- .*)?$`, 'm'));
}

/** `$ command`, then what it prints. */
async function runSession(session: string): Promise<void> {
  const [command, ...printed] = session.trim().split('\n');
  const args = command!.split(' ').slice(2);
  assert.equal(command!.split(' ').slice(0, 2).join(' '), '$ putlogs-emulator');
  // The page shows a fixed port, which may be in use here. So another one is used.
  const line = await runEmulator(args.map((arg) => (/^\d+$/.test(arg) ? '0' : arg)));
  const withoutPort = (text: string) => text.replace(/:\d+"/, ':port"');
  assert.deepEqual(printed.map(withoutPort), [withoutPort(line)]);
}

async function runEmulator(args: readonly string[]): Promise<string> {
  const child = startChild(join(root, 'packages/emulator/bin/putlogs-emulator.js'), { args });
  const line = await child.line('"url"');
  child.kill('SIGTERM');
  assert.equal((await child.ended).code, 0);
  return line;
}

test('the tables of options in docs/options.md are those of the schema', () => {
  const args = [join(root, 'scripts/options-table.mjs'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('docs/install.md names every version that the packages are tested with', () => {
  const page = readFileSync(join(root, 'docs/install.md'), 'utf8');
  const versions = [...page.matchAll(/^\|.*\| ([\d., ]+) \|$/gm)].flatMap(([, cell]) => cell!.split(', '));
  const runtimes = Object.values(RUNTIMES).map(({ version }) => version);
  assert.deepEqual(versions.sort(), [...NODE_VERSIONS, ...runtimes, ...NAMED_VERSIONS].sort());
});

test('every link from one page to another leads to an existing page and heading', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '');
    for (const [, path, anchor] of text.matchAll(/\]\((?!https?:)([^)#]+)?(?:#([^)]*))?\)/g)) {
      const target = path === undefined ? join(root, page) : join(root, page, '..', path);
      assert.ok(existsSync(target), `${page}: ${path}`);
      if (anchor !== undefined)
        assert.ok(anchorsOf(readFileSync(target, 'utf8')).includes(anchor), `${page}: ${path ?? ''}#${anchor}`);
    }
  }
});

test('every page of docs is in its list', () => {
  const list = readFileSync(join(root, 'docs/README.md'), 'utf8');
  for (const page of pages) {
    const [, name] = /^docs\/(.+)$/.exec(page) ?? [];
    if (name !== undefined && name !== 'README.md')
      assert.ok(list.includes(`](${name})`), `${page} is not in the list`);
  }
});

test('every file that the walk through the core names exists, and every file of the core is named', () => {
  const walk = readFileSync(join(root, 'packages/core/ARCHITECTURE.md'), 'utf8');
  const source = join(root, 'packages/core/src');
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    const file = name.split('/').at(-1)!;
    if (/\.m?ts$/.test(file))
      assert.ok(walk.includes(`\`${file}\``) || walk.includes(`/${file}\``), `${name} is not in the map`);
  }
});
