// The target for Volcengine TLS, WebTracks: https://www.volcengine.com/docs/6470/141803.
//
// It needs no key: anyone who knows the address can write, if web tracking is on for the topic.
//
//   { "Logs": [{ name: text }], "Source": text }
//
// What it cannot transmit:
//   - the record's time as the time of the log: it becomes a field
//   - tags, file name and pack id, so a reader cannot recognise a duplicate
//   - the hash key: the service chooses the shard

import type { SealedBatch } from '../../batch/sealed-batch';
import type { SignedRequest } from '../../http/exchange';
import type { Compression } from '../../options/target-facts';
import { outcomeOf } from '../classify';
import type { Target } from '../target';
import { readWebTail, WEB_TIME, type WebBatch, WebBodies, webFrame, webNames } from '../web-body';
import { VOLC_ANSWERS } from './answers';
import { VOLC_LAYOUT } from './put-logs';
import { canonicalQuery } from './sign';

/** The documented limit of a body before compression. */
const MAX_JSON_BYTES = 5 * 1024 * 1024;

export interface VolcWebTracksOptions {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly projectId: string;
  readonly topicId: string;
  readonly compression: Compression;
}

export function volcWebTracks(options: VolcWebTracksOptions): Target {
  const { projectId, topicId } = options;
  const { origin, host } = new URL(options.endpoint);
  const path = `/WebTracks?${canonicalQuery({ ProjectId: projectId, TopicId: topicId })}`;
  const bodies = new WebBodies({ compression: options.compression, maxBytes: MAX_JSON_BYTES, jsonOf });
  return {
    layout: { ...VOLC_LAYOUT, ...WEB_TIME, names: webNames(VOLC_LAYOUT.names) },
    origin,
    destination: { service: 'volc-webtracks', endpoint: origin, projectId, topicId },
    identity: { topicId },
    bodyLayout: 'web',
    frame: webFrame,
    readTail: readWebTail,
    request(batch: SealedBatch): SignedRequest {
      const { body, rawBytes, compression } = bodies.of(batch);
      return {
        method: 'POST',
        path,
        headers: {
          Host: host,
          'Content-Type': 'application/json',
          'x-tls-apiversion': '0.3.0',
          'x-tls-bodyrawsize': String(rawBytes),
          ...(compression === 'none' ? {} : { 'x-tls-compresstype': compression }),
        },
        body,
      };
    },
    tooLarge: (batch) => bodies.tooLarge(batch),
    outcome: (answer, wallMs) => outcomeOf(answer, VOLC_ANSWERS, wallMs),
  };
}

function jsonOf({ envelope, logs }: WebBatch): unknown {
  return { Logs: logs.map(({ fields }) => fields), Source: envelope.source };
}
