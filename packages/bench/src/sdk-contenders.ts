// The vendors' own SDKs, called by an application without a transport: records become contents of text.
//
// @alicloud/log has no batches, so the batch and the queue that its user would have to write are here. No SDK is
// changed; for one that insists on https, its own setter is called.

import { setTimeout as pause } from 'node:timers/promises';
import {
  type Contender,
  KEYS,
  LOGSTORE,
  type Place,
  PROJECT,
  REGION,
  type Started,
  TOPIC_ID,
  timedRequire,
} from './contender';
import type { Entry } from './workloads';

const LINGER_MS = 1000;
const POLL_MS = 20;
/** The maximum of our own batches. */
const BATCH_RECORDS = 4096;

export const SDK_CONTENDERS: readonly Contender[] = [
  // It measures the whole batch again with each record, so a run of the usual length would take minutes.
  {
    name: '@volcengine/openapi Producer',
    logger: 'sdk',
    kind: 'peer',
    isThreaded: false,
    oneIn: 25,
    start: startVolcengine,
  },
  { name: '@alicloud/log', logger: 'sdk', kind: 'peer', isThreaded: false, isInSmoke: true, start: startAlicloud },
];

/** Both services accept only text. */
function contentOf({ level, message, fields }: Entry): Record<string, string> {
  const content: Record<string, string> = { level, message };
  for (const [key, value] of Object.entries(fields)) {
    content[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return content;
}

interface Producer {
  Start(): void;
  SendLog(shardHash: string, topic: string, source: string, file: string, log: unknown): Promise<void>;
  Close(): Promise<void>;
  getBufferedSize(): number;
  readonly service: { setProtocol(protocol: string): void };
}

async function startVolcengine(place: Place): Promise<Started> {
  interface Package {
    tlsOpenapi: { TlsProducer?: new (config: unknown) => Producer; Producer?: new (config: unknown) => Producer };
  }
  const { module, importMs } = timedRequire<Package>('@volcengine/openapi');
  const Made = (module.tlsOpenapi.TlsProducer ?? module.tlsOpenapi.Producer)!;
  const producer = new Made({
    Endpoint: place.host,
    Region: REGION,
    AccessKeyID: KEYS.accessKeyId,
    AccessKeySecret: KEYS.accessKeySecret,
    LingerTime: LINGER_MS,
    ...(place.room === null ? {} : { TotalSizeLnBytes: place.room.bytes }),
  });
  producer.service.setProtocol('http:');
  producer.Start();
  let begun = 0;
  return {
    importMs,
    log: (entry) => {
      const Contents = Object.entries(contentOf(entry)).map(([Key, Value]) => ({ Key, Value }));
      begun += 1;
      const done = () => {
        begun -= 1;
      };
      producer.SendLog('', TOPIC_ID, 'bench', '', { Time: Date.now(), Contents }).then(done, done);
    },
    end: async () => {
      // Its Close() does not start batches that wait for a sender, but waits for them.
      while (begun > 0 || producer.getBufferedSize() > 0) await pause(POLL_MS);
      await producer.Close();
    },
  };
}

interface LogClient {
  postLogStoreLogs(project: string, logstore: string, data: { logs: unknown[] }): Promise<unknown>;
}

async function startAlicloud(place: Place): Promise<Started> {
  const { module, importMs } = timedRequire<new (config: unknown) => LogClient>('@alicloud/log');
  // The client puts the project before the address, so the address has to be a name.
  const endpoint = `http://${place.host.replace('127.0.0.1', 'localhost')}`;
  const client = new module({ endpoint, ...KEYS });
  let logs: unknown[] = [];
  let sending = Promise.resolve();
  let linger: NodeJS.Timeout | undefined;
  const send = () => {
    clearTimeout(linger);
    linger = undefined;
    const batch = { logs };
    logs = [];
    sending = sending
      .then(() => client.postLogStoreLogs(PROJECT, LOGSTORE, batch))
      .then(
        () => {},
        () => {},
      );
  };
  return {
    importMs,
    log: (entry) => {
      logs.push({ timestamp: Math.floor(Date.now() / 1000), content: contentOf(entry) });
      linger ??= setTimeout(send, LINGER_MS);
      if (logs.length === BATCH_RECORDS) send();
    },
    end: async () => {
      if (logs.length > 0) send();
      await sending;
    },
  };
}
