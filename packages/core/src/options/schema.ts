// Declares every option: its type, default, bounds and meaning.
//
// Validation, the names of variables and flags, `types.ts` and the tables of the pages all follow from this schema. The
// file is as long as the list of options.
//
// An option's variable is `PUTLOGS_` and its path in upper snake case. `vendor` lists variables of the vendor's own
// tools, which are read after it. After a change run `npm run options-types` and `npm run options-table`.

import { derived, type Group, type InputOf, type OutputOf, unset, withDefault } from './groups';
import { credentials } from './schema-credentials';
import { TARGET_NAMES } from './target-facts';
import {
  ascii,
  boolean,
  filePath,
  GiB,
  KiB,
  line,
  listOf,
  MiB,
  matching,
  number,
  oneOf,
  recordOf,
  string,
  text,
  textOrList,
  wholeNumber,
} from './value-types';

const batch = {
  maxBytes: withDefault(wholeNumber(1 * KiB, 10_000_000), 1 * MiB, {
    meaning: 'Size of encoded records at which a batch is sealed. Some targets accept less than 10,000,000.',
  }),
  maxCount: withDefault(wholeNumber(1, 40_960), 4096, {
    meaning: 'Number of records at which a batch is sealed. Some targets accept less than 40,960.',
  }),
} satisfies Group;

const memory = {
  maxBytes: withDefault(wholeNumber(1 * MiB, 16 * GiB), 64 * MiB, {
    meaning: 'Maximum memory for undelivered records, in both threads together.',
  }),
  whenFull: withDefault(oneOf(['dropNewest', 'dropOldest']), 'dropNewest', {
    meaning: 'Which records to drop when memory is full and the spool is full or not set. Drops are counted.',
  }),
} satisfies Group;

const spool = {
  dir: unset(filePath(), {
    meaning: 'Directory for undelivered batches. Any number of processes may share it.',
    defaultText: 'no spool',
  }),
  mode: withDefault(oneOf(['overflow', 'always']), 'overflow', {
    meaning:
      '`overflow` writes batches to disk in an outage, at the memory limit and on exit. `always` writes each batch before it is sent.',
  }),
  maxBytes: withDefault(wholeNumber(1 * MiB, 1024 * GiB), 1 * GiB, {
    meaning:
      'Maximum disk space for the batches of this process. Above it the oldest are dropped and counted. Must be at least 4 times `batch.maxBytes`.',
  }),
  fsync: withDefault(boolean(), false, {
    meaning: 'Sync each batch to disk before it counts as spooled, so that it survives a power loss.',
  }),
} satisfies Group;

const deadLetter = {
  file: unset(filePath(), {
    meaning: 'File for records that the service rejects permanently. Each line is one record as JSON, with the reason.',
    defaultText: 'no file',
  }),
  maxBytes: withDefault(wholeNumber(1 * MiB, 1024 * GiB), 1 * GiB, {
    meaning:
      'Maximum size of that file and the older one beside it (`.1`), together. Above it the oldest lines are deleted and counted.',
  }),
} satisfies Group;

const status = {
  dir: unset(filePath(), {
    meaning:
      'Directory for the status file of this process, which `putlogs top` reads. Any number of processes may share it.',
    defaultText: 'the spool, if `spool.dir` is set; else no file',
  }),
} satisfies Group;

const retry = {
  baseMs: withDefault(wholeNumber(1, 60_000), 200, { meaning: 'First step of the exponential backoff.' }),
  maxMs: withDefault(wholeNumber(1, 600_000), 30_000, { meaning: 'Longest step of the exponential backoff.' }),
} satisfies Group;

const tls = {
  caFile: unset(filePath(), {
    meaning: 'File of CA certificates (PEM), trusted in addition to those that Node trusts.',
    defaultText: "Node's certificates",
  }),
} satisfies Group;

export const schema = {
  enabled: withDefault(boolean(), true, {
    meaning: '`false` starts nothing: every record is refused, without a warning.',
    defaultText: '`true`; `false` in a build of Next.js',
  }),
  target: derived(oneOf(TARGET_NAMES), {
    meaning: `The log service and its write API: ${TARGET_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
    defaultText: 'follows from the endpoint, else `volc-tls`',
  }),
  endpoint: derived(text(), {
    meaning: 'Address of the service. `http` is allowed for loopback, or with `allowInsecure`.',
    vendor: ['VOLCENGINE_ENDPOINT'],
    defaultText: '`https://tls-<region>.volces.com`, `https://<region>.log.aliyuncs.com`',
  }),
  region: withDefault(ascii(), '', {
    meaning:
      'Region of the service, part of the signature and of the destination of a spool. Set it if an SLS endpoint does not contain it.',
    vendor: ['VOLCENGINE_REGION'],
    defaultText: 'follows from the endpoint',
  }),
  topicId: withDefault(ascii(), '', { meaning: 'TLS: id of the topic.', defaultText: 'required for TLS' }),
  projectId: withDefault(ascii(), '', {
    meaning: 'TLS WebTracks: id of the project.',
    defaultText: 'required for WebTracks',
  }),
  project: withDefault(matching(/^[0-9a-zA-Z_-]{0,128}$/, 'must be 1 to 128 letters, digits, `-` or `_`'), '', {
    meaning: 'SLS: name of the project.',
    defaultText: 'required for SLS',
  }),
  logstore: withDefault(matching(/^([a-z0-9_-]{3,63})?$/, 'must be 3 to 63 small letters, digits, `-` or `_`'), '', {
    meaning: 'SLS: name of the Logstore.',
    defaultText: 'required for SLS',
  }),
  topic: withDefault(string(), '', { meaning: 'SLS: topic of the records, a label inside the Logstore.' }),
  customDomain: withDefault(boolean(), false, {
    meaning: 'SLS: the endpoint is a domain of your own that leads to the project. The project is not put before it.',
  }),
  routing: withDefault(oneOf(['route', 'header']), 'route', {
    meaning: 'SLS: sends the hash key in the path (`route`) or in a header (`header`, as documented in 2017).',
  }),
  signature: unset(oneOf(['v1', 'v4']), {
    meaning: 'SLS: version of the signature.',
    defaultText: '`v4` if the region is known, else `v1`',
  }),
  credentials,
  source: derived(string(), { meaning: 'Name of the sender, stored with the records.', defaultText: 'the host name' }),
  fileName: withDefault(string(), '', { meaning: 'File name, stored with the records.' }),
  tags: withDefault(recordOf(string()), {}, { meaning: 'Tags, stored with the records.', text: 'pairs' }),
  instance: derived(line(), {
    meaning: 'Name of this instance. Records of one instance keep their order.',
    defaultText: '`POD_NAME`, else the host name; followed by the worker number of pm2 or cluster',
  }),
  hashKey: withDefault(
    matching(
      /^(instance|none|(?![fF]{32}$)[0-9a-fA-F]{1,32})$/,
      'must be `instance`, `none`, or 32 hex digits (not all f)',
    ),
    'instance',
    {
      meaning:
        'What decides the shard: the name of the instance (`instance`), the service (`none`, without order), or these 32 hex digits.',
    },
  ),
  delivery: withDefault(oneOf(['atLeastOnce', 'exactlyOnce']), 'atLeastOnce', {
    meaning:
      'SLS: with `exactlyOnce` the service writes each record once, also if an answer is lost. Experimental: see its conditions.',
  }),
  concurrency: withDefault(wholeNumber(1, 64), 4, {
    meaning:
      "Maximum batches in flight with `hashKey: 'none'`. With another hash key it is one, which keeps the order.",
  }),
  compression: withDefault(oneOf(['lz4', 'zlib', 'zstd', 'gzip', 'none']), 'lz4', {
    meaning: 'Compression of a batch. `zstd` is for SLS, on Node 22.15 or later. `gzip` is for SLS web tracking only.',
  }),
  maxRecordBytes: derived(wholeNumber(16 * KiB, 10_000_000), {
    meaning:
      'Size of an encoded record above which its longest values are cut. A larger one than the default needs the agreement of the service.',
    defaultText: '1 MiB for TLS, 1,000,000 for SLS: their documented limits',
  }),
  compressionLevel: withDefault(wholeNumber(1, 9), 1, {
    meaning: 'Level of `zlib` and `zstd`. A higher one needs more CPU, and sends fewer bytes.',
  }),
  batch,
  lingerMs: withDefault(wholeNumber(0, 60_000), 1000, {
    meaning: 'How long a batch stays open after its first record. It is sealed earlier when it is full.',
  }),
  memory,
  spool,
  deadLetter,
  status,
  retry,
  requestTimeoutMs: withDefault(wholeNumber(100, 600_000), 15_000, {
    meaning: 'Timeout of one attempt, from connecting to the end of the answer. Large batches get more time.',
  }),
  closeTimeoutMs: withDefault(wholeNumber(0, 9_500), 8000, {
    meaning: 'How long to keep delivering on close or process exit. pino stops waiting after 10 s.',
  }),
  handleSignals: withDefault(listOf(oneOf(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGBREAK'])), [], {
    meaning:
      'Signals that close the shipper before they end the process. No effect with pino, because its worker receives no signals.',
    text: 'list',
  }),
  strict: withDefault(boolean(), false, {
    meaning:
      '`true`: a process that lost records ends with exit code 1. With pino, wrong options are also an error that ends the application.',
  }),
  proxy: unset(text(), {
    meaning: 'Address of an HTTP proxy, `http://name:password@host:port`, or `none`. Loopback is never proxied.',
    defaultText: '`HTTPS_PROXY`, `HTTP_PROXY`',
    secret: true,
  }),
  noProxy: unset(text(), {
    meaning: 'Hosts that are reached without the proxy: `example.com,other:8080`.',
    defaultText: '`NO_PROXY`',
  }),
  tls,
  allowInsecure: withDefault(boolean(), false, { meaning: 'Allow `http` to addresses other than loopback.' }),
  timeKey: withDefault(textOrList(), 'time', {
    meaning:
      "Field with the record's time. With a list, any of these fields. The first one in a record that has a time is used; others stay fields.",
    text: 'list',
  }),
  messageKey: withDefault(text(), 'message', {
    meaning:
      'Field for the text of a line that is not a JSON object or has no field. With a pino logger, its `messageKey` is the default.',
  }),
  levelKey: withDefault(text(), 'level', { meaning: 'Field with the level. A label replaces a number in it.' }),
  levels: withDefault(
    recordOf(number()),
    {},
    {
      meaning: "Labels of additional levels: `{ audit: 35 }`. A pino logger's `customLevels` need no option.",
      text: 'number pairs',
    },
  ),
  fields: withDefault(
    recordOf(string()),
    {},
    {
      meaning: 'Fields that are added to each record, unless it has a field of that name.',
      text: 'pairs',
    },
  ),
  fieldNames: withDefault(oneOf(['asIs', 'portable']), 'asIs', {
    meaning:
      'Which names of fields stay as they are: all that the service accepts (`asIs`), or only those of letters, digits and `_`, which each service accepts (`portable`).',
  }),
  rename: withDefault(
    recordOf(text()),
    {},
    {
      meaning: 'New names of fields: `{ msg: "message" }`. A new name that may not be sent is also changed.',
      text: 'pairs',
    },
  ),
  omit: withDefault(listOf(text()), [], {
    meaning: 'Fields that are left out. With flattened objects also by path: `req.headers.cookie`.',
    text: 'list',
  }),
  nested: withDefault(oneOf(['json', 'flatten']), 'json', {
    meaning:
      'How to send a nested object: as its JSON text (`json`), or as one field for each value (`flatten`), named by its path: `req.method`.',
  }),
  transform: unset(filePath(), {
    meaning: 'Path of a module. Its default export receives each record as an object and returns the record to send.',
  }),
} satisfies Group;

/** The options that validation accepts. `types.ts` has the same type with a description of each option. */
export type OptionsInput = InputOf<typeof schema>;

/** The options that the core reads: complete and checked. */
export type Options = OutputOf<typeof schema>;
