// Every option: its type, default, bounds and meaning. The only source of validation, of the environment's names, of the
// flags, of the TypeScript types and of the tables in the pages. It is as long as there are options: data, in one order.
//
// The name of an option in the environment is `PUTLOGS_` and its path in upper snake case; `vendor` lists the names
// of the vendor's own tools that are read after it.

import {
  array,
  boolean,
  type GenericSchema,
  getMetadata,
  type InferInput,
  type InferOutput,
  integer,
  maxValue,
  metadata,
  minLength,
  minValue,
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
import { TARGET_NAMES } from './target-facts';

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

/** A type of the schema with its notes. */
const noted = <const T extends GenericSchema>(type: T, notes: OptionNotes) => pipe(type, metadata({ ...notes }));

const wholeNumber = (min: number, max: number) => pipe(number(), integer(), minValue(min), maxValue(max));
const text = () => pipe(string(), minLength(1));
/** Stands in a header or an address: a control character would end a header and begin another, and letters beyond ASCII
 * cannot be sent in one. */
const ascii = () => pipe(string(), regex(/^[\x20-\x7e]*$/, 'must be one line of printable ASCII'));
/** Stands in neither. */
const line = () => pipe(text(), regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters'));

const key = () => pipe(ascii(), minLength(1));

const credentials = strictObject({
  accessKeyId: optional(
    noted(key(), {
      meaning: 'Access key.',
      vendor: ['VOLCENGINE_ACCESS_KEY_ID', 'VOLCENGINE_ACCESS_KEY', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
      otherwise: 'required, or another source; none with web tracking',
    }),
  ),
  accessKeySecret: optional(
    noted(key(), {
      meaning: 'Its secret.',
      vendor: ['VOLCENGINE_ACCESS_KEY_SECRET', 'VOLCENGINE_SECRET_KEY', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
      otherwise: 'required, or another source; none with web tracking',
      secret: true,
    }),
  ),
  securityToken: optional(
    noted(key(), {
      meaning: 'The token of temporary credentials (STS).',
      vendor: ['VOLCENGINE_TOKEN', 'VOLCENGINE_SESSION_TOKEN', 'ALIBABA_CLOUD_SECURITY_TOKEN'],
      secret: true,
    }),
  ),
  file: optional(noted(text(), { meaning: 'Instead: a JSON file with these names, read again when it changes.' })),
  module: optional(
    noted(text(), { meaning: 'Instead: the path of a module whose default export is a function that gives them.' }),
  ),
  from: optional(
    noted(picklist(['oidc', 'profile', 'metadata']), {
      meaning: "Instead: one of the vendor's sources, see `docs/credentials.md`.",
      otherwise: 'the first that is set up',
    }),
  ),
  oidcRole: optional(
    noted(key(), {
      meaning: 'OIDC: the role to take, as its TRN (TLS) or ARN (SLS).',
      vendor: ['VOLCENGINE_OIDC_ROLE_TRN', 'ALIBABA_CLOUD_ROLE_ARN'],
    }),
  ),
  oidcProvider: optional(
    noted(key(), { meaning: "OIDC, SLS: the identity provider's ARN.", vendor: ['ALIBABA_CLOUD_OIDC_PROVIDER_ARN'] }),
  ),
  oidcTokenFile: optional(
    noted(text(), {
      meaning: 'OIDC: the file with the token, read each time.',
      vendor: ['VOLCENGINE_OIDC_TOKEN_FILE', 'ALIBABA_CLOUD_OIDC_TOKEN_FILE'],
    }),
  ),
  oidcSession: optional(
    noted(pipe(string(), regex(/^[A-Za-z0-9.@_-]{2,64}$/, 'must be 2 to 64 letters, digits, `.`, `@`, `_` or `-`')), {
      meaning: "OIDC: the session's name in the vendor's audit logs.",
      vendor: ['VOLCENGINE_OIDC_ROLE_SESSION_NAME', 'ALIBABA_CLOUD_ROLE_SESSION_NAME'],
      otherwise: '`putlogs`',
    }),
  ),
  oidcPolicy: optional(
    noted(text(), {
      meaning: 'OIDC: a policy, as JSON, that narrows what the session may do.',
      vendor: ['VOLCENGINE_OIDC_ROLE_POLICY'],
    }),
  ),
  stsEndpoint: optional(
    noted(text(), {
      meaning: 'OIDC: where the role is asked for.',
      vendor: ['VOLCENGINE_OIDC_STS_ENDPOINT'],
      otherwise: '`sts.volcengineapi.com`, `sts.aliyuncs.com`',
    }),
  ),
  profile: optional(
    noted(text(), {
      meaning: "Profile: its name in the command line tool's file.",
      vendor: ['VOLCENGINE_PROFILE', 'ALIBABA_CLOUD_PROFILE'],
      otherwise: "the file's current one",
    }),
  ),
  profileFile: optional(
    noted(text(), {
      meaning: 'Profile: that file.',
      vendor: ['VOLCENGINE_CLI_CONFIG_FILE'],
      otherwise: '`~/.volcengine/config.json`, `~/.aliyun/config.json`',
    }),
  ),
  metadataRole: optional(
    noted(key(), {
      meaning: "Metadata: the name of the instance's role.",
      vendor: ['VOLCENGINE_ECS_METADATA', 'ALIBABA_CLOUD_ECS_METADATA'],
      otherwise: 'the one it has',
    }),
  ),
  metadataEndpoint: optional(
    noted(text(), {
      meaning: 'Metadata: another address of the service, for tests and development.',
      otherwise: '`http://100.96.0.96`, `http://100.100.100.200`',
    }),
  ),
});

const batch = strictObject({
  maxBytes: optional(
    noted(wholeNumber(1 * KiB, 9 * MiB), {
      meaning: 'Bytes of encoded records after which a batch is sent; some targets take less than 9 MiB.',
    }),
    1 * MiB,
  ),
  maxCount: optional(
    noted(wholeNumber(1, 40_960), {
      meaning: 'Records after which a batch is sent; some targets take less than 40,960.',
    }),
    4096,
  ),
});

const memory = strictObject({
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 16 * 1024 * MiB), {
      meaning: 'Most bytes of records in memory that are not finished, in both threads together.',
    }),
    64 * MiB,
  ),
  whenFull: optional(
    noted(picklist(['dropNewest', 'dropOldest']), {
      meaning:
        'Which records are lost when memory is full and the spool takes no more, or there is none; counted in both cases.',
    }),
    'dropNewest',
  ),
});

const spool = strictObject({
  dir: optional(
    noted(text(), {
      meaning: 'Directory for batches that are not delivered; any number of processes may share it.',
      otherwise: 'no spool',
    }),
  ),
  mode: optional(
    noted(picklist(['overflow', 'always']), {
      meaning:
        '`overflow`: batches go to disk in an outage, at the memory limit and at the end; `always`: each before it is sent.',
    }),
    'overflow',
  ),
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 1024 * 1024 * MiB), {
      meaning:
        'Most bytes that this process writes; beyond them its oldest batches are dropped, and counted. At least 4 times `batch.maxBytes`.',
    }),
    1024 * MiB,
  ),
  fsync: optional(
    noted(boolean(), { meaning: 'Sync each batch before it counts as spooled: it then survives a power loss.' }),
    false,
  ),
});

const deadLetter = strictObject({
  file: optional(
    noted(text(), {
      meaning: 'File for records that the service refused for good: one JSON text a line, with the reason.',
    }),
  ),
  maxBytes: optional(
    noted(wholeNumber(1 * MiB, 1024 * 1024 * MiB), {
      meaning:
        'Most bytes of that file and the older one beside it (`.1`); beyond them the oldest lines are deleted, and counted.',
    }),
    1024 * MiB,
  ),
});

const retry = strictObject({
  baseMs: optional(noted(wholeNumber(1, 60_000), { meaning: 'First step of the exponential backoff.' }), 200),
  maxMs: optional(noted(wholeNumber(1, 600_000), { meaning: 'Longest step of the backoff.' }), 30_000),
});

const tls = strictObject({
  caFile: optional(noted(text(), { meaning: 'File with certificates (PEM) that are trusted beside the usual ones.' })),
});

export const schema = strictObject({
  enabled: optional(noted(boolean(), { meaning: '`false` starts nothing: every record is refused silently.' }), true),
  target: noted(picklist(TARGET_NAMES), {
    meaning: `The service and how it is written to: ${TARGET_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
    otherwise: "the endpoint's, or `volc-tls`",
  }),
  endpoint: noted(text(), {
    meaning: 'Address of the service; `http` only for loopback, or with `allowInsecure`.',
    vendor: ['VOLCENGINE_ENDPOINT'],
    otherwise: '`https://tls-<region>.volces.com`, `https://<region>.log.aliyuncs.com`',
  }),
  region: optional(
    noted(ascii(), {
      meaning:
        'Region, part of every signature of TLS, and of those of SLS where it is known. Set it if an address of SLS does not show it: a spool is for one region.',
      vendor: ['VOLCENGINE_REGION'],
      otherwise: "the endpoint's",
    }),
    '',
  ),
  topicId: optional(noted(ascii(), { meaning: 'TLS: topic to write to.', otherwise: 'required for TLS' }), ''),
  projectId: optional(
    noted(ascii(), { meaning: 'TLS WebTracks: its project.', otherwise: 'required for WebTracks' }),
    '',
  ),
  project: optional(
    noted(pipe(string(), regex(/^[0-9a-zA-Z_-]{0,128}$/, 'must be 1 to 128 letters, digits, `-` or `_`')), {
      meaning: 'SLS: project to write to.',
      otherwise: 'required for SLS',
    }),
    '',
  ),
  logstore: optional(
    noted(pipe(string(), regex(/^([a-z0-9_-]{3,63})?$/, 'must be 3 to 63 small letters, digits, `-` or `_`')), {
      meaning: 'SLS: Logstore to write to.',
      otherwise: 'required for SLS',
    }),
    '',
  ),
  topic: optional(noted(string(), { meaning: 'SLS: topic of the records.' }), ''),
  routing: optional(
    noted(picklist(['route', 'header']), {
      meaning: 'SLS: the hash key in the address, or in a header as the documents of 2017 have it.',
    }),
    'route',
  ),
  signature: optional(
    noted(picklist(['v1', 'v4']), {
      meaning: 'SLS: the form of signatures.',
      otherwise: '`v4` where the region is known, else `v1`',
    }),
  ),
  credentials,
  source: noted(string(), { meaning: 'Where the records come from.', otherwise: 'the host name' }),
  fileName: optional(noted(string(), { meaning: 'File name kept with the records.' }), ''),
  tags: optional(noted(record(text(), string()), { meaning: 'Tags kept with the records.', text: 'pairs' }), {}),
  instance: noted(line(), {
    meaning: 'Name of this instance; its records keep their order.',
    otherwise: '`POD_NAME`, then the host name, with the worker number of pm2 or cluster',
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
      { meaning: "Shard: by the instance's name, any (`none`, without order), or of this key." },
    ),
    'instance',
  ),
  concurrency: optional(
    noted(wholeNumber(1, 64), {
      meaning: "Batches in flight with `hashKey: 'none'`; otherwise one, which keeps order.",
    }),
    4,
  ),
  compression: optional(
    noted(picklist(['lz4', 'zlib', 'gzip', 'none']), {
      meaning: 'Compression of a batch; `gzip` for SLS web tracking only.',
    }),
    'lz4',
  ),
  batch,
  lingerMs: optional(
    noted(wholeNumber(0, 60_000), {
      meaning: 'A batch is sealed this long after its first record.',
    }),
    1000,
  ),
  memory,
  spool,
  deadLetter,
  retry,
  requestTimeoutMs: optional(
    noted(wholeNumber(100, 600_000), { meaning: 'For one attempt, from connecting to the end of the answer.' }),
    15_000,
  ),
  closeTimeoutMs: optional(
    noted(wholeNumber(0, 9_500), {
      meaning: 'For the rest to be delivered at the end; a pino transport is cut off at 10 s.',
    }),
    8000,
  ),
  handleSignals: optional(
    noted(array(picklist(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGBREAK'])), {
      meaning: 'Signals on which to close before they end the process; not with pino, whose worker gets none.',
      text: 'list',
    }),
    [],
  ),
  proxy: optional(
    noted(text(), {
      meaning: '`http://name:password@host:port` of a proxy, or `none`; never for this machine itself.',
      otherwise: '`HTTPS_PROXY`, `HTTP_PROXY`',
      secret: true,
    }),
  ),
  noProxy: optional(
    noted(text(), { meaning: 'Hosts that are reached without it: `example.com,other:8080`.', otherwise: '`NO_PROXY`' }),
  ),
  tls,
  allowInsecure: optional(noted(boolean(), { meaning: 'Allow `http` to addresses beyond loopback.' }), false),
  timeKey: optional(
    noted(union([text(), pipe(array(text()), minLength(1))]), {
      meaning: "Field with the record's time; of several, the first in the record.",
      text: 'list',
    }),
    'time',
  ),
  messageKey: optional(
    noted(text(), { meaning: 'Field for a line that is not a JSON object, or has no field.' }),
    'message',
  ),
  levelKey: optional(noted(text(), { meaning: 'Field whose number becomes a label.' }), 'level'),
  levels: optional(
    noted(record(text(), number()), {
      meaning: "Labels beside pino's own, as its `customLevels`.",
      text: 'number pairs',
    }),
    {},
  ),
  fields: optional(
    noted(record(text(), string()), {
      meaning: 'Fields put on every record that has none of that name.',
      text: 'pairs',
    }),
    {},
  ),
  rename: optional(
    noted(record(text(), text()), {
      meaning: 'Fields to go out under another name: `{ msg: "message" }`.',
      text: 'pairs',
    }),
    {},
  ),
  omit: optional(
    noted(array(text()), {
      meaning: 'Fields to be left out; where nested objects are flattened, by their path: `req.headers.cookie`.',
      text: 'list',
    }),
    [],
  ),
  nested: optional(
    noted(picklist(['json', 'flatten']), {
      meaning:
        'A nested object as its JSON text, or a field for each of its values: `req.method`, which goes out as `req_method`.',
    }),
    'json',
  ),
  transform: optional(
    noted(text(), {
      meaning: 'Path of a module whose default export is given each record as an object, and gives the one to ship.',
    }),
  ),
});

/** A leaf of the schema: one option a person can set. */
export interface OptionLeaf {
  /** `batch.maxBytes`. */
  readonly path: string;
  readonly notes: OptionNotes;
  /** Of what kind its value is, for reading it from a text. */
  readonly kind: 'number' | 'boolean' | 'other';
  /** `undefined`: it has none. */
  readonly defaultValue: unknown;
}

/** As much of valibot's types as the walk below reads. */
type Node = GenericSchema & { entries?: Record<string, Node>; wrapped?: Node; default?: unknown };

/** Every option in the order above. */
export const optionLeaves: () => readonly OptionLeaf[] = once(() => leavesOf(schema as Node, ''));

function leavesOf(object: Node, above: string): OptionLeaf[] {
  return Object.entries(object.entries ?? {}).flatMap(([name, node]) => {
    const path = above + name;
    if (node.entries !== undefined) return leavesOf(node, `${path}.`);
    const type = node.wrapped ?? node;
    const kind = type.type === 'number' || type.type === 'boolean' ? type.type : 'other';
    return [{ path, notes: getMetadata(type) as unknown as OptionNotes, kind, defaultValue: node.default }];
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
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
  : { [K in keyof T]?: (K extends 'tags' | 'levels' | 'fields' | 'rename' ? T[K] : DeepPartial<T[K]>) | undefined };

/** What a user may say. Everything may be left out here and come from the environment. */
export type PutlogsOptions = DeepPartial<InferInput<typeof schema>>;

/** What the stages read: complete and checked. */
export type Options = InferOutput<typeof schema>;
