// The target for Alibaba Cloud SLS, PostLogStoreLogs:
// https://www.alibabacloud.com/help/en/sls/developer-reference/api-postlogstorelogs.
//
// The body is one LogGroup in proto2, in which a required field is written even if it is empty:
//
//   0a <length> Log ...        the records, as the transcoder wrote them
//   1a <length> Topic
//   22 <length> Source
//   32 <length> LogTag { 0a <length> Key, 12 <length> Value } ...    the user's tags, __path__, __pack_id__

import type { Envelope, Frame } from '../../batch/open-batch';
import type { SealedBatch } from '../../batch/sealed-batch';
import type { Credentials } from '../../credentials/types';
import type { SignedRequest } from '../../http/exchange';
import { placeOf, type SlsAddress } from '../../options/addresses';
import { TARGETS } from '../../options/target-facts';
import { fieldOf, readFields, readTags, textField, textIn } from '../../protobuf/fields';
import type { LogLayout } from '../../record/types';
import { outcomeOf } from '../classify';
import type { Target } from '../target';
import { ALIYUN_ANSWERS, ALIYUN_NAME_RULE, logstoreIdentity } from './answers';
import { queryOf, signedHeaders, V4Signer } from './sign';

/** Field 4, fixed32: the nanoseconds below the second. There is no field 3. */
const TIME_NS_TAG = 0x25;
const TOPIC_TAG = 0x1a;
const SOURCE_TAG = 0x22;
const LOG_TAG_TAG = 0x32;
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const NO_HEAD = new Uint8Array(0);

export const ALIYUN_LAYOUT: LogLayout = {
  timeUnit: 's',
  timeNsTag: TIME_NS_TAG,
  maxLogBytes: TARGETS['aliyun-sls'].recordBytes,
  names: ALIYUN_NAME_RULE,
};

export interface AliyunSlsOptions extends SlsAddress {
  /** Empty if the region is not known. Then the signature must be v1. */
  readonly region: string;
  readonly logstore: string;
  /** Where the hash key is: in the path, or in a header of a request to the load-balancing path. */
  readonly routing: 'route' | 'header';
  readonly signature: 'v1' | 'v4';
  /** Returns the current credentials. */
  readonly credentials: () => Credentials;
}

export function aliyunSls(options: AliyunSlsOptions): Target {
  const { logstore, endpoint, routing } = options;
  const { origin, host, headers: projectHeaders } = placeOf(options);
  const v4 = new V4Signer(options.region);
  return {
    layout: ALIYUN_LAYOUT,
    origin,
    destination: { service: 'aliyun-sls', endpoint: new URL(endpoint).origin, ...logstoreIdentity(options) },
    identity: logstoreIdentity(options),
    bodyLayout: 'aliyun-sls',
    codecRefusedCode: 'InvalidCompressType',
    sequenceUsedCode: 'InvalidSequenceId',
    frame,
    readTail: readAliyunTail,
    request(batch: SealedBatch, wallMs: number): SignedRequest {
      const { sequenceId } = batch;
      // Only this path takes a sequence id.
      const isInPath = batch.hashKey !== '' && (routing === 'route' || sequenceId !== undefined);
      const path = `/logstores/${logstore}/shards/${isInPath ? 'route' : 'lb'}`;
      const query: Record<string, string> = isInPath ? { key: batch.hashKey } : {};
      if (sequenceId !== undefined) query['seqid'] = String(sequenceId);
      const headers = {
        ...headersOf(batch, host),
        ...projectHeaders,
        ...(batch.hashKey === '' || isInPath ? {} : { 'x-log-hashkey': batch.hashKey }),
      };
      return {
        method: 'POST',
        path: isInPath ? `${path}?${queryOf(query)}` : path,
        headers: signedHeaders({ method: 'POST', path, query, headers, body: batch.body }, options, v4, wallMs),
        body: batch.body,
      };
    },
    outcome: (answer, wallMs) => outcomeOf(answer, ALIYUN_ANSWERS, wallMs),
  };
}

function headersOf({ codec, rawBytes }: SealedBatch, host: string): Record<string, string> {
  return {
    Host: host,
    'Content-Type': 'application/x-protobuf',
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': String(rawBytes),
    ...(codec === 'none' ? {} : { 'x-log-compresstype': compressType(codec) }),
  };
}

/** Returns the service's name of the codec. It calls the zlib format of RFC 1950 `deflate`. */
export function compressType(codec: string): string {
  return codec === 'zlib' ? 'deflate' : codec;
}

/** Nothing precedes the records, because the body is the LogGroup itself. */
function frame(envelope: Envelope): Frame {
  const { topic, source } = envelope;
  const tags = Object.entries(tagsOf(envelope)).map(([key, value]) =>
    fieldOf(LOG_TAG_TAG, textField(KEY_TAG, key), textField(VALUE_TAG, value)),
  );
  const named = [
    ...(topic === '' ? [] : [textField(TOPIC_TAG, topic)]),
    ...(source === '' ? [] : [textField(SOURCE_TAG, source)]),
  ];
  return { head: NO_HEAD, tail: Buffer.concat([...named, ...tags]) };
}

/** Reads what `frame` put behind the records. @throws if these are other bytes */
export function readAliyunTail(tail: Buffer): Envelope {
  const fields = readFields(tail);
  const {
    __path__: fileName = '',
    __pack_id__: packId = '',
    ...tags
  } = readTags(fields, LOG_TAG_TAG, KEY_TAG, VALUE_TAG);
  return { source: textIn(fields, SOURCE_TAG), topic: textIn(fields, TOPIC_TAG), fileName, tags, packId };
}

/** Returns the user's tags, the file name and the pack id. The last two have the names of the vendor's agent. */
export function tagsOf({ tags, fileName, packId }: Pick<Envelope, 'tags' | 'fileName' | 'packId'>) {
  return { ...tags, ...(fileName === '' ? {} : { __path__: fileName }), __pack_id__: packId };
}
