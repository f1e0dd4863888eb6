// The status file: what one shipper publishes of itself, and `putlogs top` reads.
//
//   <status.dir>/<run>.status, or beside the owner file: <spool.dir>/putlogs-1/<run>.status
//
// It has 4096 bytes and is rewritten in place:
//   line 1   putlogs-status 1 <CRC-32 of line 2 without its end, as 8 hex digits>
//   line 2   one JSON object: Status
//   rest     spaces
// A reader can meet half of a rewrite: then the checksum does not hold. A temporary file and a rename would need room
// on a full disk, when the figures matter most. The JSON has no secret: warnings are masked before they get here, and a
// destination has no address.

import { crc32 } from 'node:zlib';
import type { Identity } from '../spool/identity';
import { Counters, DROP_REASONS, type DropReason, type Stats } from '../telemetry/counters';
import { cutText } from '../telemetry/outside-text';

export interface StatusWarning {
  /** Stable between versions. A reader may be older, and not know it. */
  readonly code: string;
  readonly message: string;
  /** By the machine's clock. */
  readonly atMs: number;
}

/** Averages of the last ten seconds, or since the start. */
export interface PerSecond {
  /** Records. */
  readonly accepted: number;
  /** Records. */
  readonly delivered: number;
  /** Bytes of acknowledged batches, as sent. */
  readonly wireBytes: number;
}

export interface Status extends Identity {
  readonly run: string;
  /** Counts writes. */
  readonly beat: number;
  readonly instance: string;
  readonly target: string;
  /** As canonical JSON, without an address. */
  readonly destination: string;
  /** By the machine's clock, as `writtenMs`. */
  readonly startedMs: number;
  readonly writtenMs: number;
  readonly perSecond: PerSecond;
  readonly stats: Stats;
  readonly warning: StatusWarning | null;
}

export const STATUS_FILE_BYTES = 4096;
const MAGIC = 'putlogs-status ';
const VERSION = 1;
const FIRST_LINE_BYTES = MAGIC.length + '1 00000000\n'.length;

const MAX_NAME_CHARACTERS = 200;
const MAX_DESTINATION_CHARACTERS = 300;
/** A warning that does not fit is cut to the first of these that does. */
const MESSAGE_CHARACTERS = [500, 250, 100, 0];

export function encodeStatus(status: Status): Buffer {
  const json = fitting(status);
  const bytes = Buffer.alloc(STATUS_FILE_BYTES, ' ');
  const checksum = crc32(json).toString(16).padStart(8, '0');
  bytes.write(`${MAGIC}${VERSION} ${checksum}\n`);
  json.copy(bytes, FIRST_LINE_BYTES);
  bytes.write('\n', FIRST_LINE_BYTES + json.length);
  return bytes;
}

/** The counters always fit. Names with many escapes may not: they are for people only, and are left out then. */
function fitting(status: Status): Buffer {
  const room = STATUS_FILE_BYTES - FIRST_LINE_BYTES - 1;
  const { warning } = status;
  const short = {
    ...status,
    host: status.host.slice(0, MAX_NAME_CHARACTERS),
    instance: cutText(status.instance, MAX_NAME_CHARACTERS),
    destination: status.destination.length > MAX_DESTINATION_CHARACTERS ? '' : status.destination,
  };
  const withMessage = (characters: number) =>
    warning === null ? null : { ...warning, message: cutText(warning.message, characters) };
  const candidates = [
    ...MESSAGE_CHARACTERS.map((characters) => ({ ...short, warning: withMessage(characters) })),
    { ...short, warning: withMessage(0), host: '', instance: '', destination: '' },
  ];
  const texts = candidates.map((candidate) => Buffer.from(JSON.stringify(candidate)));
  return texts.find(({ length }) => length <= room)!;
}

export type DecodedStatus =
  | { readonly kind: 'status'; readonly status: Status }
  /** Half of a rewrite, or damage. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'foreign' };

/** A field that is missing or of another type counts as not known: another user may have written the file. */
export function decodeStatus(bytes: Buffer): DecodedStatus {
  const [first = '', second] = bytes.toString('utf8').split('\n', 2);
  if (first === '') return { kind: 'torn' };
  if (!first.startsWith(`${MAGIC}${VERSION} `)) return { kind: 'foreign' };
  const checksum = first.slice(MAGIC.length + 2);
  if (second === undefined || Number.parseInt(checksum, 16) !== crc32(second)) return { kind: 'torn' };
  let fields: unknown;
  try {
    fields = JSON.parse(second);
  } catch {
    return { kind: 'foreign' };
  }
  return isObject(fields) ? { kind: 'status', status: statusOf(fields) } : { kind: 'foreign' };
}

type Fields = Readonly<Record<string, unknown>>;

function statusOf(fields: Fields): Status {
  return {
    run: text(fields, 'run'),
    beat: number(fields, 'beat'),
    host: text(fields, 'host'),
    boot: text(fields, 'boot'),
    pidns: text(fields, 'pidns'),
    pid: wholeNumber(fields, 'pid'),
    start: text(fields, 'start'),
    instance: text(fields, 'instance'),
    target: text(fields, 'target'),
    destination: text(fields, 'destination'),
    startedMs: number(fields, 'startedMs'),
    writtenMs: number(fields, 'writtenMs'),
    perSecond: perSecondOf(object(fields, 'perSecond')),
    stats: statsOf(object(fields, 'stats')),
    warning: isObject(fields['warning']) ? warningOf(fields['warning']) : null,
  };
}

function perSecondOf(fields: Fields): PerSecond {
  return {
    accepted: number(fields, 'accepted'),
    delivered: number(fields, 'delivered'),
    wireBytes: number(fields, 'wireBytes'),
  };
}

function statsOf(fields: Fields): Stats {
  const counters = Object.keys(new Counters().stats()).map((name) => [name, number(fields, name)]);
  const all = Object.fromEntries(counters) as unknown as Stats;
  return { ...all, dropped: reasonsOf(object(fields, 'dropped')), refused: reasonsOf(object(fields, 'refused')) };
}

function reasonsOf(fields: Fields): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, number(fields, reason)])) as Record<
    DropReason,
    number
  >;
}

function warningOf(fields: Fields): StatusWarning {
  return { code: text(fields, 'code'), message: text(fields, 'message'), atMs: number(fields, 'atMs') };
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}

function wholeNumber(fields: Fields, name: string): number {
  const value = number(fields, name);
  return Number.isSafeInteger(value) ? value : 0;
}

function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
