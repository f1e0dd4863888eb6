// putlogs doctor: what a transport would do with this configuration, one step after the other, and what to change where it
// would not work. A step that makes no sense without one before it is left out.

import { accessSync, constants, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { compressor, contextWith, environmentName, flagOf, type Options, placeOf, probe } from '@putlogs/core/tools';
import { adviceFor } from './advice';
import { BAD, type Call, type Command, GOOD } from './command';
import { clockAheadMs, connect, resolveHost } from './doctor-network';
import { explainedValues } from './doctor-options';
import { spoolStep } from './doctor-spool';
import { leftOut, ok, type Step, wrong } from './step';
import { shownSeconds, table } from './table';

/** SLS refuses a signature that is further off; TLS does not say how far it may be, and is taken for the same. */
const MOST_SKEW_MS = 15 * 60_000;
/** Worth a word. */
const SKEW_MS = 5000;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks the configuration, the way to the service, and sends one test record.',
  about: `Reads the configuration as the transports do in this environment and shows each value with where it came from,
secrets masked. Then: Node's version, LZ4, the spool (whether a process of this user can use it, its owner, mode and
file system, which processes use it, and the records that are left in it for this and for other destinations), the
directory of the dead-letter file, the name of the service, a connection, the clock, and one test record, signed and
sent as the transports would. Where something is wrong it says in one line what to change.

With --json one document:
  { ok, options: [{ path, value, origin: { kind, name } }],
    steps: [{ name, state: "ok"|"wrong"|"left out", text, details? }] }
The step spool has details: { path, isNew, uid, mode, fileSystem: "tmpfs"|"overlay"|"nfs"|null, notice,
  processes: { alive, dead, unknown }, thisDestination: { records, bytes }, otherDestinations: { records, bytes },
  all: { records, bytes }, elsewhere: [text], problems: [text] }
The figures are there if the directory was there before; destinations are null without whole options.

Exit code 0: all is well. 1: something is wrong.`,
  flags: { 'dry-run': { meaning: 'Do all of it but send no record.' } },
  options: [''],
  async run(call) {
    const values = explainedValues(call.explained);
    if (!call.isJson) {
      const rows = values.map(({ path, value, origin }) => [path, value, origin.name || origin.kind]);
      await call.print(`${table([['OPTION', 'VALUE', 'FROM'], ...rows])}\n`);
    }
    const steps: Step[] = [];
    for await (const step of examine(call)) {
      steps.push(step);
      if (!call.isJson) await call.print(shown(step));
    }
    const isOk = steps.every(({ state }) => state !== 'wrong');
    if (call.isJson) await call.print(`${JSON.stringify({ ok: isOk, options: values, steps })}\n`);
    return isOk ? GOOD : BAD;
  },
};

const MARKS = { ok: 'ok   ', wrong: 'WRONG', 'left out': '-    ' } as const;

function shown({ name, state, text }: Step): string {
  return `${MARKS[state]}  ${name}: ${text}\n`;
}

async function* examine(call: Call): AsyncGenerator<Step> {
  const { options, problems } = call.explained;
  yield ok('node', process.version);
  yield lz4();
  yield* directories(call);
  if (options === undefined) {
    for (const problem of problems) yield wrong('options', problem);
    yield leftOut('service', 'without whole options there is nowhere to go');
    return;
  }
  yield ok('options', 'whole, and as the target takes them');
  if (!options.enabled) {
    yield wrong(
      'enabled',
      `is false: transports start nothing; set ${flagOf('enabled')} or ${environmentName('enabled')}=true`,
    );
    yield leftOut('service', 'nothing is sent there');
    return;
  }
  yield* wayTo(options);
  if (call.own.has('dry-run')) return;
  yield await testRecord(options);
}

function lz4(): Step {
  let problem: string | undefined;
  compressor('lz4', (reason) => {
    problem = reason;
  })(Buffer.alloc(64));
  if (problem === undefined) return ok('lz4', 'its binding for this platform loads');
  return wrong(
    'lz4',
    `no binding for this platform loads, so zlib is used; set ${flagOf('compression')} zlib (${environmentName('compression')}) to mean it`,
  );
}

async function* directories(call: Call): AsyncGenerator<Step> {
  const { explained } = call;
  const dir = explained.valueOf('spool.dir');
  if (typeof dir === 'string' && dir !== '') yield await spoolStep(call, dir);
  else
    yield ok(
      'spool.dir',
      `none: what cannot be delivered at the end is lost; ${flagOf('spool.dir')} or ${environmentName('spool.dir')} keeps it`,
    );
  const file = explained.valueOf('deadLetter.file');
  if (typeof file === 'string') yield writable('deadLetter.file', dirname(file));
}

/** The directory is there and can be written to, or can be made. */
function writable(path: string, directory: string): Step {
  for (let at = resolve(directory); ; at = dirname(at)) {
    try {
      if (at !== resolve(directory)) {
        accessSync(at, constants.W_OK | constants.X_OK);
        return ok(path, `${directory} is not there yet, and can be made`);
      }
      rmdirSync(mkdtempSync(join(at, '.putlogs-doctor-')));
      return ok(path, `${directory} can be written to`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && at !== dirname(at)) continue;
      return wrong(
        path,
        `${directory} cannot be written to (${code}): change its rights, ${flagOf(path)} or ${environmentName(path)}`,
      );
    }
  }
}

async function* wayTo(options: Options): AsyncGenerator<Step> {
  const origin = new URL(placeOf(options).origin);
  const { requestTimeoutMs } = options;
  if (placeOf(options).isProxied) {
    yield leftOut('connection', 'there is a proxy in between: the test record says whether there is a way');
    return;
  }
  const { caFile } = options.tls;
  const trusted = caFile === undefined ? {} : { secureContext: contextWith(caFile) };
  try {
    const { addresses, tookMs } = await resolveHost(origin);
    yield ok('name', `${origin.hostname} is ${addresses.join(', ')} (${shownSeconds(tookMs)})`);
  } catch (error) {
    yield failed('name', error, options);
    return;
  }
  try {
    const { tookMs, protocol } = await connect(origin, requestTimeoutMs, trusted);
    yield ok('connection', `${origin.host} answers, ${protocol ?? 'plain TCP'} (${shownSeconds(tookMs)})`);
  } catch (error) {
    yield failed('connection', error, options);
    return;
  }
  try {
    yield clock(await clockAheadMs(origin, requestTimeoutMs, trusted));
  } catch (error) {
    yield failed('clock', error, options);
  }
}

function clock(aheadMs: number | undefined): Step {
  if (aheadMs === undefined) return leftOut('clock', 'what answers does not say what time it is');
  const offMs = Math.abs(aheadMs);
  const off = `this machine is ${shownSeconds(offMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the service`;
  if (offMs < SKEW_MS) return ok('clock', 'that of the service, to a few seconds');
  if (offMs < MOST_SKEW_MS) return ok('clock', `${off}; signatures may be ${MOST_SKEW_MS / 60_000} minutes off`);
  return wrong(
    'clock',
    `${off}: set its clock (NTP). Requests are signed by the service's time, but records carry this machine's`,
  );
}

async function testRecord(options: Options): Promise<Step> {
  const { messageKey, levelKey, timeKey } = options;
  const time = typeof timeKey === 'string' ? timeKey : timeKey[0]!;
  const record = { [time]: Date.now(), [levelKey]: 30, [messageKey]: 'a test record of putlogs doctor' };
  const { outcome, tookMs, remarks } = await probe(options, JSON.stringify(record));
  const also = remarks.map((remark) => `; ${remark}`).join('');
  const place = Object.values(placeOf(options).destination).join(' ');
  if (outcome.kind === 'delivered') {
    return ok('test record', `${place} has it (${shownSeconds(tookMs)}, request ${outcome.requestId})${also}`);
  }
  const { code, status, message, requestId } = outcome.refusal;
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  const request = requestId === undefined ? '' : ` [request ${requestId}]`;
  return wrong(
    'test record',
    `${code}${http}: ${adviceFor(code, options, placeOf(options).isProxied)} It says: ${oneLine(message)}${request}${also}`,
  );
}

function failed(name: string, error: unknown, options: Options): Step {
  const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
  return wrong(name, `${code}: ${adviceFor(code, options)} It says: ${oneLine(message)}`);
}

/** What somebody else says may have line breaks, and no end. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
