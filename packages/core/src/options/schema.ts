// Every option: its type, default, bounds and meaning. The only source of validation, of the environment's names, of
// the TypeScript types and of the table in the README.
//
// The name of an option in the environment is `PUTLOGS_` and its path in upper snake case; `vendor` lists the names
// of the vendor's own tools that are read after it.

import { z } from 'zod';
import { TARGET_NAMES } from './targets';

/** What stands beside a type: how to read it from a text, and what to say about it. */
export interface OptionNotes {
  readonly meaning: string;
  /** How the value of an environment variable is read. Numbers, booleans and texts are told from the type. */
  readonly text?: 'list' | 'pairs' | 'number pairs';
  /** Environment names of the vendor, read after ours. */
  readonly vendor?: readonly string[];
  /** Shown as the default where it is not a constant. */
  readonly otherwise?: string;
  readonly secret?: boolean;
}

const KiB = 1024;
const MiB = 1024 * KiB;

function wholeNumber(min: number, max: number) {
  return z.number().int().min(min).max(max);
}

const text = () => z.string().min(1);
/** Stands in a header or an address: a control character would end a header and begin another, and letters beyond ASCII
 * cannot be sent in one. */
const ascii = () => text().regex(/^[\x20-\x7e]*$/, 'must be one line of printable ASCII');
/** Stands in neither. */
const line = () => text().regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters');

const credentials = z.strictObject({
  accessKeyId: ascii()
    .optional()
    .meta({
      meaning: 'Access key.',
      vendor: ['VOLCENGINE_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
      otherwise: 'required, or a file or module; none with web tracking',
    }),
  accessKeySecret: ascii()
    .optional()
    .meta({
      meaning: 'Its secret.',
      vendor: ['VOLCENGINE_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
      otherwise: 'required, or a file or module; none with web tracking',
      secret: true,
    }),
  securityToken: ascii()
    .optional()
    .meta({
      meaning: 'The token of temporary credentials (STS).',
      vendor: ['VOLCENGINE_TOKEN', 'ALIBABA_CLOUD_SECURITY_TOKEN'],
      secret: true,
    }),
  file: text().optional().meta({ meaning: 'Instead: a JSON file with these names, read again when it changes.' }),
  module: text()
    .optional()
    .meta({ meaning: 'Instead: the path of a module whose default export is a function that gives them.' }),
});

const batch = z.strictObject({
  maxBytes: wholeNumber(1 * KiB, 9 * MiB)
    .default(1 * MiB)
    .meta({
      meaning: 'Bytes of encoded records after which a batch is sent; some targets take less than 9 MiB.',
    }),
  maxCount: wholeNumber(1, 40_960)
    .default(4096)
    .meta({ meaning: 'Records after which a batch is sent; some targets take less than 40,960.' }),
});

const memory = z.strictObject({
  maxBytes: wholeNumber(1 * MiB, 16 * 1024 * MiB)
    .default(64 * MiB)
    .meta({ meaning: 'Most bytes of records without a fate in memory, in both threads together.' }),
  whenFull: z.enum(['dropNewest', 'dropOldest']).default('dropNewest').meta({
    meaning: 'What gives way when memory is full, and there is no spool or it is full, too; counted in both cases.',
  }),
});

const spool = z.strictObject({
  dir: text().optional().meta({
    meaning: 'Directory for batches that wait on disk; any number of processes may share it.',
    otherwise: 'no spool',
  }),
  mode: z.enum(['overflow', 'always']).default('overflow').meta({
    meaning:
      'When a batch goes to disk: in an outage, at the memory limit and at the end; or always, before it is sent.',
  }),
  maxBytes: wholeNumber(1 * MiB, 1024 * 1024 * MiB)
    .default(1024 * MiB)
    .meta({ meaning: 'Most bytes on disk; beyond them the oldest batches are dropped, and counted.' }),
  fsync: z.boolean().default(false).meta({ meaning: 'Survive a power loss, too, on a disk that honours fsync.' }),
});

const deadLetter = z.strictObject({
  file: text()
    .optional()
    .meta({ meaning: 'File for records that the service refused for good: one JSON text a line, with the reason.' }),
});

const retry = z.strictObject({
  baseMs: wholeNumber(1, 60_000).default(200).meta({ meaning: 'First step of the exponential backoff.' }),
  maxMs: wholeNumber(1, 600_000).default(30_000).meta({ meaning: 'Longest step of the backoff.' }),
});

export const schema = z.strictObject({
  enabled: z.boolean().default(true).meta({ meaning: '`false` starts nothing: every record is refused silently.' }),
  target: z.enum(TARGET_NAMES).meta({
    meaning: `The service and how it is written to: ${TARGET_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
    otherwise: "the endpoint's, or `volc-tls`",
  }),
  endpoint: text().meta({
    meaning: 'Address of the service; `http` only for loopback, or with `allowInsecure`.',
    vendor: ['VOLCENGINE_ENDPOINT'],
    otherwise: '`https://tls-<region>.volces.com`, `https://<region>.log.aliyuncs.com`',
  }),
  region: ascii()
    .default('')
    .meta({
      meaning: 'Region, part of every signature of TLS, and of those of SLS where it is known.',
      vendor: ['VOLCENGINE_REGION'],
      otherwise: "the endpoint's",
    }),
  topicId: ascii().default('').meta({ meaning: 'TLS: topic to write to.', otherwise: 'required for TLS' }),
  projectId: ascii().default('').meta({ meaning: 'TLS WebTracks: its project.', otherwise: 'required for WebTracks' }),
  project: z
    .string()
    .regex(/^[0-9a-zA-Z_-]{1,128}$/, 'must be 1 to 128 letters, digits, `-` or `_`')
    .default('')
    .meta({ meaning: 'SLS: project to write to.', otherwise: 'required for SLS' }),
  logstore: z
    .string()
    .regex(/^[a-z0-9_-]{3,63}$/, 'must be 3 to 63 small letters, digits, `-` or `_`')
    .default('')
    .meta({ meaning: 'SLS: Logstore to write to.', otherwise: 'required for SLS' }),
  topic: z.string().default('').meta({ meaning: 'SLS: topic of the records.' }),
  routing: z.enum(['route', 'header']).default('route').meta({
    meaning: 'SLS: the hash key in the address, or in a header as the documents of 2017 have it.',
  }),
  signature: z.enum(['v1', 'v4']).optional().meta({
    meaning: 'SLS: the form of signatures.',
    otherwise: '`v4` where the region is known, else `v1`',
  }),
  credentials,
  source: z.string().meta({ meaning: 'Where the records come from.', otherwise: 'the host name' }),
  fileName: z.string().default('').meta({ meaning: 'File name kept with the records.' }),
  tags: z
    .record(z.string().min(1), z.string())
    .default({})
    .meta({ meaning: 'Tags kept with the records.', text: 'pairs' }),
  instance: line().meta({
    meaning: 'Name of this instance; its records keep their order.',
    otherwise: '`POD_NAME`, then the host name, with the worker number of pm2 or cluster',
  }),
  hashKey: z
    .string()
    .regex(/^(instance|none|(?![fF]{32}$)[0-9a-fA-F]{32})$/, 'must be `instance`, `none`, or 32 hex digits (not all f)')
    .default('instance')
    .meta({ meaning: "Shard: by the instance's name, any (`none`, without order), or of this key." }),
  concurrency: wholeNumber(1, 64)
    .default(4)
    .meta({ meaning: "Batches in flight with `hashKey: 'none'`; otherwise one, which keeps order." }),
  compression: z
    .enum(['lz4', 'zlib', 'gzip', 'none'])
    .default('lz4')
    .meta({ meaning: 'Compression of a batch; `gzip` for SLS web tracking only.' }),
  batch,
  lingerMs: wholeNumber(0, 60_000).default(1000).meta({
    meaning: 'Longest wait for a batch to fill; in an outage up to eight times that, unless `spool.mode` is `always`.',
  }),
  memory,
  spool,
  deadLetter,
  retry,
  requestTimeoutMs: wholeNumber(100, 600_000)
    .default(15_000)
    .meta({ meaning: 'For one attempt, from connecting to the end of the answer.' }),
  closeTimeoutMs: wholeNumber(0, 9_500)
    .default(8000)
    .meta({ meaning: 'For the rest to be delivered at the end; a pino transport is cut off at 10 s.' }),
  handleSignals: z
    .array(z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGBREAK']))
    .default([])
    .meta({
      meaning: 'Signals on which to close before they end the process; not with pino, whose worker gets none.',
      text: 'list',
    }),
  allowInsecure: z.boolean().default(false).meta({ meaning: 'Allow `http` to addresses beyond loopback.' }),
  timeKey: z
    .union([text(), z.array(text()).min(1)])
    .default('time')
    .meta({ meaning: "Field with the record's time; of several, the first in the record.", text: 'list' }),
  messageKey: text()
    .default('message')
    .meta({ meaning: 'Field for a line that is not a JSON object, or has no field.' }),
  levelKey: text().default('level').meta({ meaning: 'Field whose number becomes a label.' }),
  levels: z
    .record(text(), z.number())
    .default({})
    .meta({ meaning: "Labels beside pino's own, as its `customLevels`.", text: 'number pairs' }),
});

/** A leaf of the schema: one option a person can set. */
export interface OptionLeaf {
  /** `batch.maxBytes`. */
  readonly path: string;
  readonly type: z.ZodType;
  readonly notes: OptionNotes;
}

/** Every option in the order above. */
export function optionLeaves(object: z.ZodObject = schema, above = ''): OptionLeaf[] {
  return Object.entries(object.shape).flatMap(([name, type]) => {
    const path = above + name;
    if (type instanceof z.ZodObject) return optionLeaves(type, `${path}.`);
    return [{ path, type: type as z.ZodType, notes: (type as z.ZodType).meta() as unknown as OptionNotes }];
  });
}

/** `batch.maxBytes` as `PUTLOGS_BATCH_MAX_BYTES`. */
export function environmentName(path: string): string {
  return `PUTLOGS_${path
    .replaceAll('.', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}

type DeepPartial<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { [K in keyof T]?: (K extends 'tags' | 'levels' ? T[K] : DeepPartial<T[K]>) | undefined };

/** What a user may say. Everything may be left out here and come from the environment. */
export type PutlogsOptions = DeepPartial<z.input<typeof schema>>;

/** What the stages read: complete and checked. */
export type Options = z.output<typeof schema>;
