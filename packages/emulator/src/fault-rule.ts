// Takes: a fault script as a program or a JSON body has it. Gives: the rules, or a sentence that names the wrong field.
// Keeps: nothing. Never: guesses what a mistyped rule meant: a fault that does not happen makes a test pass that should not.
import { nearestName } from './nearest-name.js';

/** Which requests a rule is for. Every given field must hold. */
export interface FaultMatch {
  /** The path, as `/PutLogs` (the slash may be left out). */
  readonly path?: string;
  /** The HTTP method, in any letter case. */
  readonly method?: string;
  /** The project of an SLS request's Host; `ProjectId` of a TLS request's query. */
  readonly project?: string;
  /** The Logstore of an SLS request's path. */
  readonly logstore?: string;
  /** `TopicId` of a TLS request's query. */
  readonly topicId?: string;
  /** The hash key, in any letter case; `''` means requests without one. */
  readonly hashKey?: string;
  /** A text that some value of some log's contents contains. Only a write whose body can be decoded has any. */
  readonly contains?: string;
  /** Only the n-th request (1 is the first) of those the fields above match. Not together with `skip`. */
  readonly nth?: number;
  /** Not the first n requests of those the fields above match. */
  readonly skip?: number;
}

/**
 * One fault: which requests it is for and what happens to them. The first rule of a script that fits a request decides
 * alone. With `status` or `code` the answer is made up and nothing is written; otherwise the request is served as ever,
 * and `headers`, `body`, `delayMs`, `slowBodyBytesPerSecond` and `swallow: 'after'` change only how it is answered.
 */
export interface FaultRule {
  readonly match?: FaultMatch;
  /** How many requests it happens to; without end by default. */
  readonly times?: number;
  /** The HTTP status of the made-up answer. By default that of `code`. */
  readonly status?: number;
  /** Its error code. By default one that goes with `status`. */
  readonly code?: string;
  /** Its error message. By default the one that goes with the code. */
  readonly message?: string;
  /** Headers added to the answer, replacing those of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer's body, as text of any kind. */
  readonly body?: string;
  /** Milliseconds the answer is held back; what is to be written is written before. */
  readonly delayMs?: number;
  /** Reset the connection once so many bytes of the request's body were read, or at its end. Nothing is written. */
  readonly resetAfterBytes?: number;
  /** Close the connection without an answer, `before` or `after` the logs are written. */
  readonly swallow?: 'before' | 'after';
  /** Send the answer's body at so many bytes a second. */
  readonly slowBodyBytesPerSecond?: number;
  /** The rule is only for bodies (as sent) above this size: LogGroupListSizeTooLarge (TLS) or PostBodyTooLarge (SLS) unless it says otherwise. */
  readonly maxRequestBytes?: number;
  /** The rule is only for writes of more logs than this: TooManyLogs (TLS) or PostBodyTooLarge (SLS) unless it says otherwise. */
  readonly maxLogs?: number;
  /** Milliseconds by which the server's clock (its Date header, its check of a request's date) is ahead. May be negative. */
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

/** Gives the script as it was given, or one sentence on what is wrong with it. */
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
