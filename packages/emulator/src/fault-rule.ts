// Fault rules, and the check of a fault script.
//
// A wrong rule is an error and not ignored: a fault that does not happen would let a test pass.

import { nearestName } from './nearest-name.js';

/** The requests that a rule applies to. All fields that are present must match. */
export interface FaultMatch {
  /** The path, such as `/PutLogs`. The slash is optional. */
  readonly path?: string;
  /** The HTTP method, in any letter case. */
  readonly method?: string;
  /** The project in the Host of an SLS request, or `ProjectId` in the query of a TLS request. */
  readonly project?: string;
  /** The Logstore in the path of an SLS request. */
  readonly logstore?: string;
  /** `TopicId` in the query of a TLS request. */
  readonly topicId?: string;
  /** The hash key, in any letter case. `''` matches requests without one. */
  readonly hashKey?: string;
  /** A text that a value of one of the logs contains. It matches only a write whose body can be decoded. */
  readonly contains?: string;
  /** Only the n-th request that the fields above match; 1 is the first. Cannot be combined with `skip`. */
  readonly nth?: number;
  /** Skips the first n requests that the fields above match. */
  readonly skip?: number;
}

/**
 * One fault: the requests that it applies to, and its effect. Only the first rule of a script that matches a request
 * applies. With `status` or `code`, the answer is scripted and nothing is written. Otherwise the request is served, and
 * `headers`, `body`, `delayMs`, `slowBodyBytesPerSecond` and `swallow: 'after'` change only its answer.
 */
export interface FaultRule {
  readonly match?: FaultMatch;
  /** The number of requests that it applies to. Unlimited by default. */
  readonly times?: number;
  /** The HTTP status of the scripted answer. By default the status of `code`. */
  readonly status?: number;
  /** The error code of the scripted answer. By default a code that has this `status`. */
  readonly code?: string;
  /** The error message of the scripted answer. By default the message of the code. */
  readonly message?: string;
  /** Headers to add to the answer. They replace headers of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The text that replaces the body of the answer. */
  readonly body?: string;
  /** Milliseconds by which the answer is delayed. Logs are written before that. */
  readonly delayMs?: number;
  /** Resets the connection after this many bytes of the request's body, or at its end. Nothing is written. */
  readonly resetAfterBytes?: number;
  /** Closes the connection without an answer, `before` or `after` the logs are written. */
  readonly swallow?: 'before' | 'after';
  /** Sends the body of the answer at this rate, in bytes per second. */
  readonly slowBodyBytesPerSecond?: number;
  /**
   * Applies only to bodies above this size, as sent. The default code is LogGroupListSizeTooLarge (TLS) or
   * PostBodyTooLarge (SLS).
   */
  readonly maxRequestBytes?: number;
  /** Applies only to writes of more logs than this. The default code is TooManyLogs (TLS) or PostBodyTooLarge (SLS). */
  readonly maxLogs?: number;
  /**
   * Milliseconds by which the server's clock is ahead, in its Date header and in its check of a request's date. May be
   * negative.
   */
  readonly clockSkewMs?: number;
}

type Check = (value: unknown) => string | null;

const text: Check = (value) => (typeof value === 'string' ? null : 'must be a string');
const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? null
      : `must be a whole number ${most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `between ${least} and ${most}`}`;

const MATCH_FIELDS: Readonly<Record<keyof FaultMatch, Check>> = {
  path: text,
  method: text,
  project: text,
  logstore: text,
  topicId: text,
  hashKey: text,
  contains: (value) => (typeof value === 'string' && value !== '' ? null : 'must be a string that is not empty'),
  nth: whole(1),
  skip: whole(0),
};

const RULE_FIELDS: Readonly<Record<keyof FaultRule, Check>> = {
  match: () => null,
  times: whole(1),
  status: whole(200, 599),
  code: text,
  message: text,
  headers: checkHeaders,
  body: text,
  delayMs: whole(0, 2 ** 31 - 1),
  resetAfterBytes: whole(0),
  swallow: (value) => (value === 'before' || value === 'after' ? null : "must be 'before' or 'after'"),
  slowBodyBytesPerSecond: whole(1),
  maxRequestBytes: whole(0),
  maxLogs: whole(0),
  clockSkewMs: whole(Number.MIN_SAFE_INTEGER),
};

/** Returns the script unchanged, or one sentence on what is wrong with it. */
export function checkRules(script: unknown): readonly FaultRule[] | string {
  if (!Array.isArray(script)) return 'faults must be a list of rules';
  for (const [at, rule] of script.entries()) {
    const problem = checkRule(rule, `faults[${at}]`);
    if (problem !== null) return problem;
  }
  return structuredClone(script) as FaultRule[];
}

function checkRule(rule: unknown, at: string): string | null {
  const wrong = checkFields(rule, at, RULE_FIELDS) ?? checkMatch((rule as FaultRule).match, `${at}.match`);
  if (wrong !== null) return wrong;
  const { match, times, message, resetAfterBytes, ...others } = rule as FaultRule;
  const effects = Object.fromEntries(Object.entries(others).filter(([, effect]) => effect !== undefined)) as FaultRule;
  if (resetAfterBytes !== undefined) {
    const other = Object.keys(effects)[0] ?? (message === undefined ? undefined : 'message');
    if (other !== undefined) return `${at}.resetAfterBytes cannot be combined with ${other}: no answer is sent`;
    if (match?.contains !== undefined)
      return `${at}.match.contains cannot be combined with resetAfterBytes: the body is not read whole`;
    return null;
  }
  if (Object.keys(effects).length === 0) return `${at} has no effect: give it status, delayMs, swallow or another`;
  const madeUp = effects.status ?? effects.code ?? effects.maxLogs ?? effects.maxRequestBytes;
  if (message !== undefined && madeUp === undefined)
    return `${at}.message needs status or code: it is the ErrorMessage of a made-up answer`;
  return null;
}

function checkMatch(match: unknown, at: string): string | null {
  if (match === undefined) return null;
  const wrong = checkFields(match, at, MATCH_FIELDS);
  if (wrong !== null) return wrong;
  const { nth, skip } = match as FaultMatch;
  return nth !== undefined && skip !== undefined ? `${at}.nth cannot be combined with skip` : null;
}

function checkFields(value: unknown, at: string, fields: Readonly<Record<string, Check>>): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} must be an object`;
  for (const [name, field] of Object.entries(value)) {
    if (!Object.hasOwn(fields, name)) {
      const near = nearestName(name, Object.keys(fields));
      return `${at}.${name} is not a known field${near === null ? '' : `; did you mean ${near}?`}`;
    }
    if (field === undefined) continue;
    const wrong = fields[name]!(field);
    if (wrong !== null) return `${at}.${name} ${wrong}`;
  }
  return null;
}

function checkHeaders(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object of strings';
  const odd = Object.entries(value).find(
    ([name, field]) =>
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || typeof field !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(field),
  );
  return odd === undefined ? null : `has an entry that HTTP cannot carry: ${odd[0]}`;
}
