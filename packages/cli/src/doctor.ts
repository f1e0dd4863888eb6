// putlogs doctor: checks a configuration step by step, as a transport would use it, and says what to change.
//
// After a failed step, the steps that depend on it are left out. Each cause is reported once, by the first step that
// finds it.

import { accessSync, constants, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  compressor,
  contextWith,
  environmentName,
  flagOf,
  type Options,
  outsideText,
  placeOf,
  probe,
} from '@putlogs/core/tools';
import { adviceFor } from './advice';
import { BAD, type Call, type Command, GOOD } from './command';
import { clockAheadMs, connect, resolveHost } from './doctor-network';
import { explainedValues } from './doctor-options';
import { spoolStep } from './doctor-spool';
import { leftOut, ok, type Step, wrong } from './step';
import { shownSeconds, table } from './table';

/** SLS refuses signatures with a larger difference. TLS documents no limit, so the same one is used. */
const MAX_SKEW_MS = 15 * 60_000;
/** A smaller difference is not mentioned. */
const MIN_SKEW_MS = 5000;
/** The remark of a test record about the clock, which the step clock may have reported. */
const CLOCK_REMARK = /^the clock of this machine is /;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Checks the configuration and the connection, and sends one test record.',
  about: `Reads the options as the transports do, and shows each value with its origin. Secrets are masked. Then it checks
  - Node's version, and whether LZ4 loads
  - the spool: whether this user can use it, its owner, mode and file system, the processes that use it, and the
    records in it for this and other destinations
  - the directory of the dead-letter file
  - the host name of the service, a connection, and the clock
  - one test record, signed and sent as the transports do.
For each problem one line says what to change.

With --json it prints one document:
  { ok, options: [{ path, value, origin: { kind, name } }],
    steps: [{ name, state: "ok"|"wrong"|"left out", text, details? }] }
The step spool has details: { path, isNew, uid, mode, fileSystem: "tmpfs"|"overlay"|"nfs"|null, notice,
  processes: { alive, dead, unknown }, thisDestination: { records, bytes }, otherDestinations: { records, bytes },
  all: { records, bytes }, elsewhere: [text], problems: [text] }
The figures are missing if the directory did not exist. Destinations are null if options are missing.

Exit code 0: no problem was found. 1: a step found a problem.`,
  flags: { 'dry-run': { meaning: 'Check everything, but send no record.' } },
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

/** Most characters of a line: text from a service or the disk has no end. */
const MAX_LINE_CHARACTERS = 4000;

function shown({ name, state, text }: Step): string {
  return `${MARKS[state]}  ${name}: ${outsideText(text, MAX_LINE_CHARACTERS)}\n`;
}

async function* examine(call: Call): AsyncGenerator<Step> {
  const { options, problems } = call.explained;
  yield ok('node', process.version);
  const lz4Step = lz4();
  yield lz4Step;
  yield* directories(call);
  if (options === undefined) {
    for (const problem of problems) yield wrong('options', problem);
    yield leftOut('service', 'not checked, because options are wrong or missing');
    return;
  }
  yield ok('options', 'complete and valid for the target');
  if (!options.enabled) {
    yield wrong(
      'enabled',
      `is false: transports start nothing; set ${flagOf('enabled')} or ${environmentName('enabled')}=true`,
    );
    yield leftOut('service', 'nothing is sent there');
    return;
  }
  const isDryRun = call.own.has('dry-run');
  const network = yield* networkSteps(options, isDryRun);
  if (isDryRun) return;
  if (network.failedStep !== undefined) {
    yield leftOut('test record', `not sent, because the step ${network.failedStep} failed`);
    return;
  }
  // The step lz4 has reported a missing binding. A transport uses zlib in this case.
  const isZlib = lz4Step.state === 'wrong' && options.compression === 'lz4';
  yield await testRecord(isZlib ? { ...options, compression: 'zlib' } : options, network.isClockReported);
}

function lz4(): Step {
  let problem: string | undefined;
  compressor('lz4', (reason) => {
    problem = reason;
  })(Buffer.alloc(64));
  if (problem === undefined) return ok('lz4', 'the binding for this platform loads');
  return wrong(
    'lz4',
    `no binding for this platform loads, so zlib is used; set ${flagOf('compression')} zlib (${environmentName('compression')}) to choose it`,
  );
}

async function* directories(call: Call): AsyncGenerator<Step> {
  const { explained } = call;
  const dir = explained.valueOf('spool.dir');
  if (typeof dir === 'string' && dir !== '') yield await spoolStep(call, dir);
  else
    yield ok(
      'spool.dir',
      `not set: records that are not delivered on exit are lost; set ${flagOf('spool.dir')} or ${environmentName('spool.dir')} to keep them`,
    );
  const file = explained.valueOf('deadLetter.file');
  if (typeof file === 'string') yield writable('deadLetter.file', dirname(file));
}

/** Checks that the directory is writable, or that it can be created. */
function writable(path: string, directory: string): Step {
  for (let at = resolve(directory); ; at = dirname(at)) {
    try {
      if (at !== resolve(directory)) {
        accessSync(at, constants.W_OK | constants.X_OK);
        return ok(path, `${directory} does not exist yet, and can be created`);
      }
      rmdirSync(mkdtempSync(join(at, '.putlogs-doctor-')));
      return ok(path, `${directory} is writable`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && at !== dirname(at)) continue;
      return wrong(
        path,
        `${directory} is not writable (${code}): change its permissions, ${flagOf(path)} or ${environmentName(path)}`,
      );
    }
  }
}

interface NetworkResult {
  /** The step after which the service cannot be reached. */
  readonly failedStep?: string;
  readonly isClockReported: boolean;
}

async function* networkSteps(options: Options, isDryRun: boolean): AsyncGenerator<Step, NetworkResult> {
  const origin = new URL(placeOf(options).origin);
  const { requestTimeoutMs } = options;
  if (placeOf(options).isProxied) {
    yield leftOut('connection', 'not checked, because a proxy is used; the test record checks it');
    return { isClockReported: false };
  }
  const { caFile } = options.tls;
  const trusted = caFile === undefined ? {} : { secureContext: contextWith(caFile) };
  try {
    const { addresses, tookMs } = await resolveHost(origin);
    yield ok('name', `${origin.hostname} is ${addresses.join(', ')} (${shownSeconds(tookMs)})`);
  } catch (error) {
    yield failed('name', error, options);
    return { failedStep: 'name', isClockReported: false };
  }
  try {
    const { tookMs, protocol } = await connect(origin, requestTimeoutMs, trusted);
    yield ok('connection', `${origin.host} answers, ${protocol ?? 'plain TCP'} (${shownSeconds(tookMs)})`);
  } catch (error) {
    yield failed('connection', error, options);
    return { failedStep: 'connection', isClockReported: false };
  }
  try {
    const step = clock(await clockAheadMs(origin, requestTimeoutMs, trusted));
    yield step;
    return { isClockReported: step.state === 'wrong' };
  } catch (error) {
    // The test record takes the same path and reports the cause.
    const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
    yield isDryRun ? failed('clock', error, options) : leftOut('clock', `not checked: the request failed (${code})`);
    return { isClockReported: false };
  }
}

function clock(aheadMs: number | undefined): Step {
  if (aheadMs === undefined) return leftOut('clock', 'the answer has no date');
  const offMs = Math.abs(aheadMs);
  const off = `this machine is ${shownSeconds(offMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the service`;
  if (offMs < MIN_SKEW_MS) return ok('clock', 'equal to that of the service, within a few seconds');
  if (offMs < MAX_SKEW_MS) return ok('clock', `${off}; signatures allow ${MAX_SKEW_MS / 60_000} minutes`);
  return wrong(
    'clock',
    `${off}. Set its clock (NTP): requests are signed with the service's time, but records have this machine's time`,
  );
}

async function testRecord(options: Options, isClockReported: boolean): Promise<Step> {
  const { messageKey, levelKey, timeKey } = options;
  const time = typeof timeKey === 'string' ? timeKey : timeKey[0]!;
  const record = { [time]: Date.now(), [levelKey]: 30, [messageKey]: 'a test record of putlogs doctor' };
  const { outcome, tookMs, remarks } = await probe(options, JSON.stringify(record));
  const unreported = remarks.filter((remark) => !(isClockReported && CLOCK_REMARK.test(remark)));
  const place = Object.values(placeOf(options).destination).join(' ');
  if (outcome.kind === 'delivered') {
    const request = `(${shownSeconds(tookMs)}, request ${outcome.requestId})`;
    return ok('test record', [`delivered to ${place} ${request}`, ...unreported].join('; '));
  }
  const { code, status, message, requestId } = outcome.refusal;
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  const request = requestId === undefined ? '' : ` [request ${requestId}]`;
  // Without credentials nothing was sent, and the remarks say why there are none.
  const details = code === 'NO_CREDENTIALS' ? unreported : [`${oneLine(message)}${request}`, ...unreported];
  const advice = adviceFor(code, options, placeOf(options).isProxied);
  return wrong('test record', `${code}${http}: ${advice} Message: ${details.join('; ')}`);
}

function failed(name: string, error: unknown, options: Options): Step {
  const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
  return wrong(name, `${code}: ${adviceFor(code, options)} Message: ${oneLine(message)}`);
}

/** Returns a message of a service or the system on one line. */
function oneLine(text: string): string {
  return outsideText(text, 300);
}
