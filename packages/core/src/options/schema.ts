// Declares every option: its type, default, bounds and meaning.
//
// Validation, the names of variables and flags, `types.ts` and the tables of the pages all follow from this schema. The
// file is as long as the list of options.
//
// An option's variable is `PUTLOGS_` and its path in upper snake case. `vendor` lists variables of the vendor's own
// tools, which are read after it. After a change run `npm run options-types` and `npm run options-table`.

import {
  array,
  boolean,
  type InferInput,
  type InferOutput,
  minLength,
  number,
  optional,
  picklist,
  pipe,
  record,
  regex,
  strictObject,
  string,
  union,
} from 'valibot';
import { credentials } from './schema-credentials';
import { TARGET_NAMES } from './target-facts';
import { ascii, GiB, KiB, line, MiB, noted, text, wholeNumber } from './value-types';

const batch = strictObject({
  maxBytes: optional(
    noted(wholeNumber(1 * KiB, 9 * MiB), {
      meaning: 'Size of encoded records at which a batch is sealed. Some targets accept less than 9 MiB.',
    }),
    1 * MiB,
  ),
  maxCount: optional(
    noted(wholeNumber(1, 40_960), {
      meaning: 'Number of records at which a batch is sealed. Some targets accept less than 40,960.',
    }),
    4096,
  ),
});

const memory = strictObject({
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 16 * GiB), {
      meaning: 'Maximum memory for undelivered records, both threads combined.',
    }),
    64 * MiB,
  ),
  whenFull: optional(
    noted(picklist(['dropNewest', 'dropOldest']), {
      meaning: 'Which records to drop when memory is full and the spool is full or not set. Drops are counted.',
    }),
    'dropNewest',
  ),
});

const spool = strictObject({
  dir: optional(
    noted(text(), {
      meaning: 'Directory for undelivered batches. Any number of processes may share it.',
      defaultText: 'no spool',
    }),
  ),
  mode: optional(
    noted(picklist(['overflow', 'always']), {
      meaning:
        '`overflow` writes batches to disk in an outage, at the memory limit and on exit. `always` writes each batch before it is sent.',
    }),
    'overflow',
  ),
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 1024 * GiB), {
      meaning:
        'Maximum disk space for the batches of this process. Above it the oldest are dropped and counted. Must be at least 4 times `batch.maxBytes`.',
    }),
    1 * GiB,
  ),
  fsync: optional(
    noted(boolean(), {
      meaning: 'Sync each batch to disk before it counts as spooled, so that it survives a power loss.',
    }),
    false,
  ),
});

const deadLetter = strictObject({
  file: optional(
    noted(text(), {
      meaning:
        'File for records that the service rejects permanently. Each line is one record as JSON, with the reason.',
      defaultText: 'no file',
    }),
  ),
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 1024 * GiB), {
      meaning:
        'Maximum size of that file and the older one beside it (`.1`), together. Above it the oldest lines are deleted and counted.',
    }),
    1 * GiB,
  ),
});

const retry = strictObject({
  baseMs: optional(noted(wholeNumber(1, 60_000), { meaning: 'First step of the exponential backoff.' }), 200),
  maxMs: optional(noted(wholeNumber(1, 600_000), { meaning: 'Longest step of the exponential backoff.' }), 30_000),
});

const tls = strictObject({
  caFile: optional(
    noted(text(), {
      meaning: 'File of CA certificates (PEM), trusted in addition to those that Node trusts.',
      defaultText: "Node's certificates",
    }),
  ),
});

export const schema = strictObject({
  enabled: optional(
    noted(boolean(), { meaning: '`false` starts nothing: every record is refused, without a warning.' }),
    true,
  ),
  target: noted(picklist(TARGET_NAMES), {
    meaning: `The log service and its write API: ${TARGET_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
    defaultText: 'follows from the endpoint, else `volc-tls`',
  }),
  endpoint: noted(text(), {
    meaning: 'Address of the service. `http` is allowed for loopback, or with `allowInsecure`.',
    vendor: ['VOLCENGINE_ENDPOINT'],
    defaultText: '`https://tls-<region>.volces.com`, `https://<region>.log.aliyuncs.com`',
  }),
  region: optional(
    noted(ascii(), {
      meaning:
        'Region of the service, part of the signature and of the destination of a spool. Set it if an SLS endpoint does not contain it.',
      vendor: ['VOLCENGINE_REGION'],
      defaultText: 'follows from the endpoint',
    }),
    '',
  ),
  topicId: optional(noted(ascii(), { meaning: 'TLS: id of the topic.', defaultText: 'required for TLS' }), ''),
  projectId: optional(
    noted(ascii(), { meaning: 'TLS WebTracks: id of the project.', defaultText: 'required for WebTracks' }),
    '',
  ),
  project: optional(
    noted(pipe(string(), regex(/^[0-9a-zA-Z_-]{0,128}$/, 'must be 1 to 128 letters, digits, `-` or `_`')), {
      meaning: 'SLS: name of the project.',
      defaultText: 'required for SLS',
    }),
    '',
  ),
  logstore: optional(
    noted(pipe(string(), regex(/^([a-z0-9_-]{3,63})?$/, 'must be 3 to 63 small letters, digits, `-` or `_`')), {
      meaning: 'SLS: name of the Logstore.',
      defaultText: 'required for SLS',
    }),
    '',
  ),
  topic: optional(noted(string(), { meaning: 'SLS: topic of the records, a label inside the Logstore.' }), ''),
  routing: optional(
    noted(picklist(['route', 'header']), {
      meaning: 'SLS: sends the hash key in the path (`route`) or in a header (`header`, as documented in 2017).',
    }),
    'route',
  ),
  signature: optional(
    noted(picklist(['v1', 'v4']), {
      meaning: 'SLS: version of the signature.',
      defaultText: '`v4` if the region is known, else `v1`',
    }),
  ),
  credentials,
  source: noted(string(), { meaning: 'Name of the sender, stored with the records.', defaultText: 'the host name' }),
  fileName: optional(noted(string(), { meaning: 'File name, stored with the records.' }), ''),
  tags: optional(noted(record(text(), string()), { meaning: 'Tags, stored with the records.', text: 'pairs' }), {}),
  instance: noted(line(), {
    meaning: 'Name of this instance. Records of one instance keep their order.',
    defaultText: '`POD_NAME`, else the host name; followed by the worker number of pm2 or cluster',
  }),
  hashKey: optional(
    noted(
      pipe(
        string(),
        regex(
          /^(instance|none|(?![fF]{32}$)[0-9a-fA-F]{32})$/,
          'must be `instance`, `none`, or 32 hex digits (not all f)',
        ),
      ),
      {
        meaning:
          'Which shard gets the records: one that follows from `instance`, any (`none`, without order), or that of 32 hex digits.',
      },
    ),
    'instance',
  ),
  concurrency: optional(
    noted(wholeNumber(1, 64), {
      meaning:
        "Maximum batches in flight with `hashKey: 'none'`. With another hash key it is one, which keeps the order.",
    }),
    4,
  ),
  compression: optional(
    noted(picklist(['lz4', 'zlib', 'gzip', 'none']), {
      meaning: 'Compression of a batch. `gzip` is for SLS web tracking only.',
    }),
    'lz4',
  ),
  batch,
  lingerMs: optional(
    noted(wholeNumber(0, 60_000), {
      meaning: 'How long a batch stays open after its first record. It is sealed earlier when it is full.',
    }),
    1000,
  ),
  memory,
  spool,
  deadLetter,
  retry,
  requestTimeoutMs: optional(
    noted(wholeNumber(100, 600_000), {
      meaning: 'Timeout of one attempt, from connecting to the end of the answer. Large batches get more time.',
    }),
    15_000,
  ),
  closeTimeoutMs: optional(
    noted(wholeNumber(0, 9_500), {
      meaning: 'How long to keep delivering on close or process exit. pino stops waiting after 10 s.',
    }),
    8000,
  ),
  handleSignals: optional(
    noted(array(picklist(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGBREAK'])), {
      meaning:
        'Signals on which to close before they end the process. No effect with pino: a pino worker gets no signals.',
      text: 'list',
    }),
    [],
  ),
  proxy: optional(
    noted(text(), {
      meaning: 'Address of an HTTP proxy, `http://name:password@host:port`, or `none`. Loopback is never proxied.',
      defaultText: '`HTTPS_PROXY`, `HTTP_PROXY`',
      secret: true,
    }),
  ),
  noProxy: optional(
    noted(text(), {
      meaning: 'Hosts that are reached without the proxy: `example.com,other:8080`.',
      defaultText: '`NO_PROXY`',
    }),
  ),
  tls,
  allowInsecure: optional(noted(boolean(), { meaning: 'Allow `http` to addresses other than loopback.' }), false),
  timeKey: optional(
    noted(union([text(), pipe(array(text()), minLength(1))]), {
      meaning: "Field with the record's time. If a list has several, the first one in the record is used.",
      text: 'list',
    }),
    'time',
  ),
  messageKey: optional(
    noted(text(), { meaning: 'Field for the text of a line that is not a JSON object or has no field.' }),
    'message',
  ),
  levelKey: optional(noted(text(), { meaning: 'Field whose number is replaced by a label.' }), 'level'),
  levels: optional(
    noted(record(text(), number()), {
      meaning: "Labels of additional levels, like pino's `customLevels`: `{ audit: 35 }`.",
      text: 'number pairs',
    }),
    {},
  ),
  fields: optional(
    noted(record(text(), string()), {
      meaning: 'Fields that are added to each record, unless it has a field of that name.',
      text: 'pairs',
    }),
    {},
  ),
  rename: optional(
    noted(record(text(), text()), {
      meaning: 'New names of fields: `{ msg: "message" }`.',
      text: 'pairs',
    }),
    {},
  ),
  omit: optional(
    noted(array(text()), {
      meaning: 'Fields that are left out. With flattened objects also by path: `req.headers.cookie`.',
      text: 'list',
    }),
    [],
  ),
  nested: optional(
    noted(picklist(['json', 'flatten']), {
      meaning:
        'How to send a nested object: as its JSON text (`json`), or as one field for each value (`flatten`): `req.method` becomes `req_method`.',
    }),
    'json',
  ),
  transform: optional(
    noted(text(), {
      meaning: 'Path of a module whose default export gets each record as an object and returns the record to send.',
    }),
  ),
});

/** The options that validation accepts. `types.ts` has the same type with a description of each option. */
export type OptionsInput = InferInput<typeof schema>;

/** The options that the core reads: complete and checked. */
export type Options = InferOutput<typeof schema>;
