// The steps of putlogs doctor, in order: this machine, the options, the path to the service, a test record, and what
// the service says of the topic or Logstore.
//
// After a failed step, the steps that depend on it are left out. Each cause is reported once, by the first step that
// finds it.

import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { compressor, contextWith, environmentName, flagOf, type Options, placeOf, probe } from '@putlogs/core/tools';
import { adviceFor } from './advice';
import type { Call } from './command';
import { lookSteps, type Sent, testMessage } from './doctor-look';
import { clockAheadMs, connect, resolveHost } from './doctor-network';
import { spoolStep } from './doctor-spool';
import { shownRefusal } from './refusal';
import { leftOut, ok, type Step, wrong } from './step';
import { shownSeconds } from './table';

/** SLS refuses signatures with a larger difference. TLS documents no limit, so the same one is used. */
const MAX_SKEW_MS = 15 * 60_000;
/** A smaller difference is not mentioned. */
const MIN_SKEW_MS = 5000;
/** The remark of a test record about the clock, which the step clock may have reported. */
const CLOCK_REMARK = /^the clock of this machine is /;

export interface Settings {
  readonly isDryRun: boolean;
  /** How long to search for the test record; 0 for not at all. */
  readonly searchMs: number;
}

/** Bun and Deno say which version of Node they stand for. */
function nodeVersion(): string {
  const { version, versions } = process;
  const other = ['bun', 'deno'].find((name) => versions[name] !== undefined);
  return other === undefined ? version : `${version} (${other} ${versions[other]})`;
}

export async function* examine(call: Call, settings: Settings): AsyncGenerator<Step> {
  const { options, problems } = call.explained;
  yield ok('node', nodeVersion());
  const lz4Step = lz4();
  yield lz4Step;
  yield* directories(call);
  if (options === undefined) {
    const advice = 'Options are missing or wrong: change them as the lines "WRONG options" say.';
    for (const problem of problems) yield wrong('options', problem, { text: advice, page: 'options' });
    yield leftOut('service', 'not checked, because options are wrong or missing');
    return;
  }
  yield ok('options', 'complete and valid for the target');
  if (!options.enabled) {
    const advice = `Set ${flagOf('enabled')} or ${environmentName('enabled')}=true.`;
    yield wrong('enabled', 'is false: transports start nothing', { text: advice, page: 'options' });
    yield leftOut('service', 'nothing is sent there');
    return;
  }
  const network = yield* networkSteps(options, settings.isDryRun);
  if (network.failedStep !== undefined) {
    const why = `because the step ${network.failedStep} failed`;
    yield settings.isDryRun
      ? leftOut('destination', `not checked, ${why}`)
      : leftOut('test record', `not sent, ${why}`);
    return;
  }
  const sent: Sent = { id: `d${randomBytes(8).toString('hex')}`, atMs: Date.now(), isSent: !settings.isDryRun };
  if (sent.isSent) {
    // The step lz4 has reported a missing binding. A transport uses zlib in this case.
    const isZlib = lz4Step.state === 'wrong' && options.compression === 'lz4';
    const sending: Options = isZlib ? { ...options, compression: 'zlib' } : options;
    const step = await testRecord(sending, sent.id, network.isClockReported);
    yield step;
    if (step.state === 'wrong') return;
  }
  yield* lookSteps(options, sent, settings.searchMs, call.signal);
}

function lz4(): Step {
  let problem: string | undefined;
  compressor('lz4', (reason) => {
    problem = reason;
  })(Buffer.alloc(64));
  if (problem === undefined) return ok('lz4', 'the binding for this platform loads');
  const choice = `${flagOf('compression')} zlib (${environmentName('compression')})`;
  return wrong('lz4', 'no binding for this platform loads, so zlib is used', {
    text: `LZ4 cannot be used here. Set ${choice} to choose zlib.`,
    page: 'compression',
  });
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
      const advice = `Change the permissions of ${directory}, ${flagOf(path)} or ${environmentName(path)}.`;
      return wrong(path, `${directory} is not writable (${code})`, { text: advice, page: 'deadLetters' });
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
    yield leftOut('connection', 'not checked, because a proxy is used; the steps below use it');
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
    if (!isDryRun) {
      yield leftOut('clock', `not checked: the request failed (${code})`);
      return { isClockReported: false };
    }
    yield failed('clock', error, options);
    return { failedStep: 'clock', isClockReported: false };
  }
}

function clock(aheadMs: number | undefined): Step {
  if (aheadMs === undefined) return leftOut('clock', 'the answer has no date');
  const offMs = Math.abs(aheadMs);
  const off = `this machine is ${shownSeconds(offMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the service`;
  if (offMs < MIN_SKEW_MS) return ok('clock', 'equal to that of the service, within a few seconds');
  if (offMs < MAX_SKEW_MS) return ok('clock', `${off}; signatures allow ${MAX_SKEW_MS / 60_000} minutes`);
  return wrong('clock', off, {
    text: "Set the clock of this machine (NTP): requests are signed with the service's time, but records have this machine's time.",
    page: 'clock',
  });
}

async function testRecord(options: Options, id: string, isClockReported: boolean): Promise<Step> {
  const { outcome, tookMs, remarks } = await probe(options, testMessage(id));
  const unreported = remarks.filter((remark) => !(isClockReported && CLOCK_REMARK.test(remark)));
  const place = Object.values(placeOf(options).destination).join(' ');
  if (outcome.kind === 'delivered') {
    const request = `(${shownSeconds(tookMs)}, request ${outcome.requestId})`;
    return ok('test record', [`delivered to ${place} ${request}`, ...unreported].join('; '));
  }
  const { code, message } = outcome.refusal;
  // Without credentials nothing was sent, and the remarks say why there are none.
  const details = code === 'NO_CREDENTIALS' ? unreported : [shownRefusal(outcome.refusal), ...unreported];
  const text = code === 'NO_CREDENTIALS' ? `${code}: ${details.join('; ') || message}` : details.join('; ');
  return wrong('test record', text, adviceFor(code, options, placeOf(options).isProxied));
}

function failed(name: string, error: unknown, options: Options): Step {
  const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
  return wrong(name, shownRefusal({ code, message }), adviceFor(code, options));
}
