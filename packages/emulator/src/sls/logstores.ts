// GetLogStore: what a Logstore is, in the JSON of the service.

import { type Answer, answerJson } from '../answer.js';
import type { ResolvedOptions } from '../options.js';
import { storeName } from './place.js';
import type { Reading } from './pull-logs.js';

const TTL_DAYS = 30;

export function getLogStore({ place, store }: Reading, options: ResolvedOptions): Answer {
  const createdAt = Math.floor(store.createdMs / 1000);
  const shardCount = store.shards.ranges.length;
  return answerJson({
    logstoreName: place.logstore,
    ttl: TTL_DAYS,
    shardCount,
    enable_tracking: !options.webTrackingOff.includes(storeName(place)),
    autoSplit: false,
    maxSplitShard: shardCount,
    appendMeta: false,
    telemetryType: '',
    mode: 'standard',
    createTime: createdAt,
    lastModifyTime: createdAt,
  });
}
