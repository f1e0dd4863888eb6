// The target for Alibaba Cloud SLS, PutWebtracking:
// https://www.alibabacloud.com/help/en/sls/developer-reference/api-putwebtracking.
//
// It needs no key: anyone who knows the address can write, if web tracking is on for the Logstore.
//
//   { "__topic__", "__source__", "__logs__": [{ "__time__": seconds, name: text }], "__tags__": { name: text } }
//
// The page of 2019 requires `__time__`. By the later pages the service replaces it by the time of arrival.
//
// What it cannot transmit:
//   - the record's time as the time of the log: it becomes a field
//   - the hash key: the service chooses the shard

import type { SealedBatch } from '../../batch/sealed-batch';
import type { SignedRequest } from '../../http/exchange';
import { placeOf, type SlsAddress } from '../../options/addresses';
import { type Compression, TARGETS } from '../../options/target-facts';
import { outcomeOf } from '../classify';
import type { Target } from '../target';
import { readWebTail, WEB_TIME, type WebBatch, WebBodies, webFrame, webNames } from '../web-body';
import { ALIYUN_ANSWERS, ALIYUN_NAME_RULE, logstoreIdentity } from './answers';
import { compressType, tagsOf } from './put-logs';

/** The documented 3 MB. This is below both meanings of MB. */
const MAX_JSON_BYTES = 3_000_000;

export interface AliyunWebtrackingOptions extends SlsAddress {
  /** Empty if the region is not known. */
  readonly region: string;
  readonly logstore: string;
  readonly compression: Compression;
  /** Of zlib. */
  readonly compressionLevel?: number | undefined;
}

/** The body has these names beside its logs. A log that has one would look like a body. */
const OF_THE_BODY = ['__logs__', '__tags__'];

export function aliyunWebtracking(options: AliyunWebtrackingOptions): Target {
  const { logstore, endpoint } = options;
  const { origin, host, headers: projectHeaders } = placeOf(options);
  const { compression, compressionLevel } = options;
  const bodies = new WebBodies({ compression, compressionLevel, maxBytes: MAX_JSON_BYTES, jsonOf });
  return {
    layout: {
      ...WEB_TIME,
      maxLogBytes: TARGETS['aliyun-webtracking'].recordBytes,
      names: webNames(ALIYUN_NAME_RULE, OF_THE_BODY),
    },
    origin,
    destination: { service: 'aliyun-webtracking', endpoint: new URL(endpoint).origin, ...logstoreIdentity(options) },
    identity: logstoreIdentity(options),
    bodyLayout: 'web',
    frame: webFrame,
    readTail: readWebTail,
    request(batch: SealedBatch): SignedRequest {
      const { body, rawBytes, compression } = bodies.of(batch);
      return {
        method: 'POST',
        path: `/logstores/${logstore}/track`,
        // Only these headers are documented.
        headers: {
          Host: host,
          ...projectHeaders,
          'x-log-apiversion': '0.6.0',
          'x-log-bodyrawsize': String(rawBytes),
          ...(compression === 'none' ? {} : { 'x-log-compresstype': compressType(compression) }),
        },
        body,
      };
    },
    tooLarge: (batch) => bodies.tooLarge(batch),
    outcome: (answer, wallMs) => outcomeOf(answer, ALIYUN_ANSWERS, wallMs),
  };
}

function jsonOf({ envelope, logs }: WebBatch): unknown {
  return {
    __topic__: envelope.topic,
    __source__: envelope.source,
    __logs__: logs.map(({ timeMs, fields }) => ({ __time__: Math.floor(timeMs / 1000), ...fields })),
    __tags__: tagsOf(envelope),
  };
}
