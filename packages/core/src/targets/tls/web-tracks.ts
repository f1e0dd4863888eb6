// Volcengine TLS, WebTracks: https://www.volcengine.com/docs/6470/141803.
// Gives: the four answers of a target. Keeps: nothing. Never: a signature or a key: whoever knows the address can write,
// if the topic has web tracking on.
//
//   { "Logs": [{ name: text }], "Source": text }
//
// What it cannot keep: the record's own time as that of the log (it is a field), tags, file name and pack id (there is no
// place for them, so a reader cannot tell a repetition), and the shard (the service chooses).

import type { SealedBatch } from '../../batch/sealed-batch';
import type { SignedRequest } from '../../http/exchange';
import type { Compression } from '../../options/target-facts';
import { outcomeOf } from '../outcome';
import type { Target } from '../target';
import { readWebTail, WEB_TIME, webBatchOf, webBody, webFrame } from '../web-body';
import { VOLC_ANSWERS, VOLC_LAYOUT } from './put-logs';
import { canonicalQuery } from './sign';

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
  return {
    layout: { ...VOLC_LAYOUT, ...WEB_TIME },
    origin,
    destination: { service: 'volc-webtracks', endpoint: origin, projectId, topicId },
    identity: { topicId },
    bodyLayout: 'web',
    frame: webFrame,
    readTail: readWebTail,
    request(batch: SealedBatch): SignedRequest {
      const { envelope, logs } = webBatchOf(batch);
      const { body, rawBytes, compression } = webBody({ Logs: logs, Source: envelope.source }, options.compression);
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
    outcome: (answer, wallMs) => outcomeOf(answer, VOLC_ANSWERS, wallMs),
  };
}
