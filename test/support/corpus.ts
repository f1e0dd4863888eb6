// Record number n as a service would log it, and what must arrive of it by pino, by winston or as a raw line.
//
// A record is the same in every process: it depends on no random choice, no clock and no path. An application logs
// `corpusRecord(n)`; the test compares with `arrivesByPino(...)` or `arrivesByWinston(...)` of the same n.

import * as serializers from 'pino-std-serializers';
import type { ExpectedRecord } from './ledger';

export type CorpusLevel = 'debug' | 'info' | 'warn' | 'error';

export interface CorpusRecord {
  n: number;
  level: CorpusLevel;
  message: string;
  /** Beside `instance`, `n` and the time. No key here needs renaming. */
  fields: Record<string, unknown>;
  timeMs: number;
}

const LEVELS: readonly CorpusLevel[] = ['info', 'info', 'info', 'warn', 'info', 'error', 'debug'];
const SENTENCES = [
  'order accepted',
  '用户已登录，欢迎回来',
  'カートが更新されました',
  '결제가 완료되었습니다',
  'straße überquert: Größe 7 €',
  'تم حفظ الملف',
  'deploy done 🚀 by 👩‍👩‍👧‍👦 in 🇨🇳',
  'rare letters 𠮷𠮾 and e\u0301 and \u2028 line separators \u2029',
];
const CONTROLS = 'tab\t quote" back\\slash newline\n return\r nul\u0000 bell\u0007 escape\u001b[31m delete\u007f';

/** Record `n`; its time is `startMs + n`, so that call order and time order are one. */
export function corpusRecord(n: number, startMs: number): CorpusRecord {
  const sentence = SENTENCES[n % SENTENCES.length] ?? '';
  return {
    n,
    level: LEVELS[n % LEVELS.length] ?? 'info',
    message: n % 97 === 0 ? '' : `${sentence} #${n}`,
    fields: fieldsOf(n, dice(n)),
    timeMs: startMs + n,
  };
}

function fieldsOf(n: number, roll: (below: number) => number): Record<string, unknown> {
  switch (n % 12) {
    case 0:
      return { method: 'GET', path: `/items/${roll(1e6)}`, status: 200 + roll(4), ms: roll(1e5) / 100 };
    case 1:
      return {
        user: { id: roll(1e9), name: '李雷', roles: ['admin', 'ops'], address: { zip: '100000', geo: [39.9, 116.4] } },
      };
    case 2:
      return { err: failure(n) };
    case 3:
      return { path: '/订单/查询', remark: '含有“引号”和\\反斜杠', price: '￥12.50' };
    case 4:
      return { mood: '😀😃😄', flag: '🏴󠁧󠁢󠁥󠁮󠁧󠁿', nested: { mood: '🙈' } };
    case 5:
      return { raw: CONTROLS, json: JSON.stringify({ raw: CONTROLS }), nested: { raw: CONTROLS } };
    case 6:
      return { order: 9007199254740993n + BigInt(n), negative: -9223372036854775808n, list: [18446744073709551615n] };
    case 7:
      return { body: `${sentenceOf(roll)} `.repeat(8 + roll(24)), length: roll(9000) };
    case 8:
      return { empty: '', blank: ' ', none: null, emptyList: [], emptyObject: {} };
    case 9:
      return { float: 0.1 + roll(10), large: 1e300, small: 5e-324, minus: -roll(1000), zero: 0, yes: true, no: false };
    case 10:
      return { lone: 'left \ud83d right', swapped: '\ude00\ud83d', list: [1, 'two', null, [3, { four: '\ud83d' }]] };
    default:
      return { 'x-request-id': `${roll(1e9)}-${roll(1e9)}`, 'http/route': '/a/b', 'a key': 'with a space', Case: 1 };
  }
}

/** An error with its cause, its own fields and a fixed stack. */
function failure(n: number): Error {
  const cause = new Error(`socket closed: 连接已断开 ${n}`);
  cause.stack = `Error: ${cause.message}\n    at read (net.js:1:1)`;
  const error = new TypeError(`upstream failed ${n}`, { cause });
  error.stack = `TypeError: ${error.message}\n    at call (upstream.js:${n}:7)`;
  return Object.assign(error, { code: 'EUPSTREAM', attempt: n % 5 });
}

function sentenceOf(roll: (below: number) => number): string {
  return SENTENCES[roll(SENTENCES.length)] ?? '';
}

/** What must arrive when a pino logger with `base: { instance }` logs the record at its level. */
export function arrivesByPino(record: CorpusRecord, instance: string): ExpectedRecord {
  const { fields } = record;
  const shown = fields['err'] instanceof Error ? { ...fields, err: serializers.err(fields['err']) } : fields;
  return arrives(record, instance, 'msg', shown);
}

/** What must arrive when a winston logger with `defaultMeta: { instance }` logs the record at its level. */
export function arrivesByWinston(record: CorpusRecord, instance: string): ExpectedRecord {
  const { fields } = record;
  const shown = fields['err'] instanceof Error ? { ...fields, err: serializers.errWithCause(fields['err']) } : fields;
  return arrives(record, instance, 'message', shown);
}

/** The record as a line of hand-made JSON, where fields occur twice: the last must win. */
export function corpusLine(record: CorpusRecord, instance: string): string {
  const all: Record<string, unknown> = { n: record.n, ...record.fields };
  const fields = Object.entries(all).map(([key, value]) => {
    const text = textOf(value instanceof Error ? { message: value.message } : value);
    return `${JSON.stringify(key)}:"first of two",${JSON.stringify(key)} : ${text}`;
  });
  const head = `{"time":${record.timeMs},"level":"${record.level}","instance":${JSON.stringify(instance)}`;
  return `${head} , "msg":1,"msg":${JSON.stringify(record.message)}, ${fields.join(' ,')}}`;
}

/** What must arrive of `corpusLine`. */
export function arrivesByLine(record: CorpusRecord, instance: string): ExpectedRecord {
  const fields = Object.entries(record.fields).map(([key, value]): [string, unknown] => [
    key,
    value instanceof Error ? { message: value.message } : value,
  ]);
  return arrives(record, instance, 'msg', Object.fromEntries(fields));
}

function arrives(
  record: CorpusRecord,
  instance: string,
  messageKey: string,
  fields: Readonly<Record<string, unknown>>,
): ExpectedRecord {
  const contents = new Map<string, string>([
    ['level', record.level],
    ['instance', instance],
    ['n', String(record.n)],
    [messageKey, record.message],
  ]);
  for (const [key, value] of Object.entries(fields)) contents.set(key, contentOf(value));
  return { n: record.n, contents, timeMs: record.timeMs };
}

/** A string is its text (what UTF-8 cannot hold becomes U+FFFD), everything else its JSON text. */
function contentOf(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value).toString() : textOf(value);
}

/** JSON text, with 64-bit integers as bare digits, as both loggers write them. */
function textOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  return JSON.stringify(value);
}

/** A small generator (mulberry32), seeded by the record's number: whole numbers below the argument. */
function dice(seed: number): (below: number) => number {
  let state = (seed + 1) * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}
