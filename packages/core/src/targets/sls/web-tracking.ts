// The target for Alibaba Cloud SLS, PutWebtracking:
// https://www.alibabacloud.com/help/en/sls/developer-reference/api-putwebtracking.
//
// It needs no key: anyone who knows the address can write, if web tracking is on for the Logstore.
//
//   { "__topic__", "__source__", "__logs__": [{ name: text }], "__tags__": { name: text } }
//
// What it cannot transmit:
//   - the record's time as the time of the log: it becomes a field
//   - the hash key: the service chooses the shard

import type { SealedBatch } from '../../batch/sealed-batch';
import type { SignedRequest } from '../../http/exchange';
import { placeOf } from '../../options/addresses';
import type { Compression } from '../../options/target-facts';
import { outcomeOf } from '../classify';
import type { Target } from '../target';
import { readWebTail, WEB_TIME, webBatchOf, webBody, webFrame, webNames } from '../web-body';
import { ALIYUN_ANSWERS, ALIYUN_MAX_LOG_BYTES, ALIYUN_NAME_RULE, logstoreIdentity } from './answers';
import { compressType, tagsOf } from './put-logs';

export interface AliyunWebtrackingOptions {
  /** Scheme, host and port. */
  readonly endpoint: string;
  /** Empty if the region is not known. */
  readonly region: string;
  readonly project: string;
  readonly logstore: string;
  readonly compression: Compression;
}

export function aliyunWebtracking(options: AliyunWebtrackingOptions): Target {
  const { project, logstore, endpoint } = options;
  const { origin, host } = placeOf(endpoint, project);
  return {
    layout: { ...WEB_TIME, maxLogBytes: ALIYUN_MAX_LOG_BYTES, names: webNames(ALIYUN_NAME_RULE) },
    origin,
    destination: { service: 'aliyun-webtracking', endpoint: new URL(endpoint).origin, ...logstoreIdentity(options) },
    identity: logstoreIdentity(options),
    bodyLayout: 'web',
    frame: webFrame,
    readTail: readWebTail,
    request(batch: SealedBatch): SignedRequest {
      const { envelope, logs } = webBatchOf(batch);
      const { topic, source } = envelope;
      const json = { __topic__: topic, __source__: source, __logs__: logs, __tags__: tagsOf(envelope) };
      const { body, rawBytes, compression } = webBody(json, options.compression);
      return {
        method: 'POST',
        path: `/logstores/${logstore}/track`,
        // Only these headers are documented.
        headers: {
          Host: host,
          'x-log-apiversion': '0.6.0',
          'x-log-bodyrawsize': String(rawBytes),
          ...(compression === 'none' ? {} : { 'x-log-compresstype': compressType(compression) }),
        },
        body,
      };
    },
    outcome: (answer, wallMs) => outcomeOf(answer, ALIYUN_ANSWERS, wallMs),
  };
}
