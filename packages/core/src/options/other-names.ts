// How other transports and the vendors' SDKs name what an option of ours does, so that an error can say which one.
//
// The names are those of pino-loki, winston-loki, pino-elasticsearch, pino-http-send, pino-datadog-transport, the
// transports of Axiom and Logtail, winston-cloudwatch, winston-sls, and the vendors' producers.

export interface OtherName {
  /** Our options, the nearest one first. */
  readonly options: readonly [string, ...string[]];
  /** What differs, as the rest of a sentence. */
  readonly note?: string;
}

const BATCH_SIZE: OtherName = {
  options: ['batch.maxCount', 'batch.maxBytes'],
  note: 'a number of records, a number of bytes',
};
const LINGER: OtherName = { options: ['lingerMs'], note: 'milliseconds' };
const TIMEOUT: OtherName = { options: ['requestTimeoutMs'], note: 'milliseconds' };
const ADDRESS: OtherName = { options: ['endpoint', 'region'] };
const KEYS: OtherName = { options: ['credentials.accessKeyId', 'credentials.accessKeySecret'] };
const TOKEN: OtherName = { ...KEYS, note: 'these services use a key, not a token' };
const API_KEY: OtherName = { options: ['credentials.apiKey', 'credentials.accessKeyId'] };
const PLACE: OtherName = { options: ['topicId', 'project', 'logstore'], note: 'TLS: a topic; SLS: a Logstore' };
const SPOOL: OtherName = { options: ['spool.dir'] };
const ALWAYS_BATCHED: OtherName = { options: ['lingerMs', 'batch.maxCount'], note: 'records are always batched' };
const RETRY: OtherName = { options: ['retry.baseMs', 'retry.maxMs'], note: 'retries have no number: they go on' };
const TAGS: OtherName = { options: ['tags', 'fields'], note: 'for each batch, and for each record' };

/** By the name in lower case, with letters and digits only. */
export const OTHER_NAMES: ReadonlyMap<string, OtherName> = new Map<string, OtherName>(
  Object.entries({
    batchsize: BATCH_SIZE,
    maxbatchsize: BATCH_SIZE,
    batchcount: BATCH_SIZE,
    batchlimit: BATCH_SIZE,
    maxbatchcount: BATCH_SIZE,
    batchmaxsize: BATCH_SIZE,
    batchsizethreshold: BATCH_SIZE,
    batchcountthreshold: BATCH_SIZE,
    flushbytes: { options: ['batch.maxBytes'] },
    batchbytes: { options: ['batch.maxBytes'] },
    totalsizeinbytes: { options: ['memory.maxBytes'] },
    buffersize: { options: ['memory.maxBytes'] },
    maxbuffersize: { options: ['memory.maxBytes'] },
    highwatermark: { options: ['memory.maxBytes'] },
    flushinterval: LINGER,
    flushintervalms: LINGER,
    batchinterval: LINGER,
    batchintervalms: LINGER,
    sendinterval: LINGER,
    sendintervalms: LINGER,
    interval: LINGER,
    uploadrate: LINGER,
    lingertime: LINGER,
    linger: LINGER,
    batching: ALWAYS_BATCHED,
    sendimmediate: ALWAYS_BATCHED,
    timeout: TIMEOUT,
    timeoutms: TIMEOUT,
    requesttimeout: TIMEOUT,
    connecttimeout: TIMEOUT,
    host: ADDRESS,
    hostname: ADDRESS,
    node: ADDRESS,
    url: ADDRESS,
    baseurl: ADDRESS,
    server: ADDRESS,
    site: ADDRESS,
    ddserverconf: ADDRESS,
    awsregion: { options: ['region'] },
    token: TOKEN,
    sourcetoken: TOKEN,
    logtailtoken: TOKEN,
    apikey: API_KEY,
    ingesttoken: TOKEN,
    auth: TOKEN,
    basicauth: TOKEN,
    ddclientconf: TOKEN,
    accesskey: KEYS,
    secretkey: KEYS,
    secretaccesskey: KEYS,
    awsaccesskeyid: KEYS,
    awssecretkey: KEYS,
    sessiontoken: { options: ['credentials.securityToken'] },
    ststoken: { options: ['credentials.securityToken'] },
    index: PLACE,
    dataset: PLACE,
    loggroupname: PLACE,
    logstreamname: PLACE,
    projectname: { options: ['project'] },
    logstorename: { options: ['logstore'] },
    labels: TAGS,
    metadata: TAGS,
    ddtags: TAGS,
    service: TAGS,
    ddsource: { options: ['source'] },
    retries: RETRY,
    maxretries: RETRY,
    retrycount: RETRY,
    backoff: RETRY,
    propstolabels: { options: ['fields', 'rename'] },
    levelmap: { options: ['levels'] },
    gracefulshutdown: { options: ['closeTimeoutMs'], note: 'every end of the process delivers what is pending' },
    shutdowntimeout: { options: ['closeTimeoutMs'] },
    bufferdir: SPOOL,
    spooldir: SPOOL,
    storagepath: SPOOL,
    maxthreadcount: { options: ['concurrency'] },
    maxconnections: { options: ['concurrency'] },
    gzip: { options: ['compression'] },
    compress: { options: ['compression'] },
  } satisfies Record<string, OtherName>),
);

/** Returns our options for what another transport's option of this name does. */
export function otherName(path: string): OtherName | undefined {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return OTHER_NAMES.get(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}
